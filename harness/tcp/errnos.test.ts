import { constants } from 'node:os';
import { describe, expect, test } from '@jest/globals';
import { ERRNOS, errnoName } from './errnos.ts';

describe('errnos', () => {
	const numbers: Readonly<Record<string, number>> = constants.errno;

	// Elsewhere the numbers are others; these are of the hosts, which are Linux.
	(process.platform === 'linux' ? test : test.skip)('have the numbers that Linux gives them', () => {
		const known = Object.entries(ERRNOS).filter(([name]) => name in numbers);
		expect(known.map(([name]) => [name, numbers[name]])).toEqual(known);
	});

	test('are all that Linux has: 41 and 58 are numbers of aliases only (asm-generic/errno.h)', () => {
		const expected = Array.from({ length: 133 }, (_, index) => index + 1).filter(
			(number) => number !== 41 && number !== 58,
		);
		expect(Object.values(ERRNOS)).toEqual(expected);
		// Node names an errno by several names where it has several.
		const aliases = ['EDEADLOCK', 'ENOTSUP', 'EWOULDBLOCK'];
		expect(Object.keys(constants.errno).filter((name) => !(name in ERRNOS) && !aliases.includes(name))).toEqual([]);
	});

	test('are named by their number', () => {
		for (const [name, number] of Object.entries(ERRNOS)) expect(errnoName(number)).toBe(name);
	});

	test('that have no name keep their number: 512 and above are the kernel’s own (include/linux/errno.h)', () => {
		expect([errnoName(524), errnoName(9_999), errnoName(0)]).toEqual(['errno 524', 'errno 9999', 'errno 0']);
	});
});
