import { expect, test } from '@jest/globals';
import { OverdueWaits } from './overdue-waits.ts';
import type { OpenWait } from './running-scenarios.ts';

const wait = (key: string, seconds: number): OpenWait => ({
	key,
	where: 'spec',
	what: 'it',
	limitMs: undefined,
	waitedMs: 0,
	shownMs: seconds * 1_000,
});

test('a log is told of a wait after 10 s, 20 s, 40 s, and not in between', () => {
	const overdue = new OverdueWaits();
	const told = Array.from({ length: 200 }, (_, second) => second).filter(
		(second) => overdue.due([wait('1/1', second)]).length > 0,
	);
	expect(told).toEqual([10, 20, 40, 80, 160]);
});

test('each wait is told for itself', () => {
	const overdue = new OverdueWaits();
	expect(overdue.due([wait('1/1', 11), wait('2/1', 3)])).toEqual([wait('1/1', 11)]);
	expect(overdue.due([wait('1/1', 19), wait('2/1', 11)])).toEqual([wait('2/1', 11)]);
});

test('a look that comes late tells once', () => {
	const overdue = new OverdueWaits();
	expect(overdue.due([wait('1/1', 45)])).toHaveLength(1);
	expect(overdue.due([wait('1/1', 46)])).toHaveLength(0);
});
