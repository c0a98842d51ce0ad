import { expect, test } from '@jest/globals';
import { alignColumns } from './columns.ts';

test('words are aligned to the left and numbers to the right, and no line ends with spaces', () => {
	const rows = [
		['name', 'size', 'folder', ''],
		['a', '17', '/there', 'prepared'],
		['longer name', '4', '', ''],
	];
	expect(alignColumns(rows, (column) => column === 1)).toEqual([
		'name         size  folder',
		'a              17  /there  prepared',
		'longer name     4',
	]);
});

test('no rows are no lines', () => {
	expect(alignColumns([])).toEqual([]);
});
