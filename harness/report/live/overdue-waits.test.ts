import { expect, test } from '@jest/globals';
import { OverdueWaits } from './overdue-waits.ts';
import type { LiveWait } from './running-scenarios.ts';

const wait = (key: string, seconds: number): LiveWait => ({
	key,
	where: 'spec',
	what: 'it',
	limitMs: undefined,
	waitedMs: 0,
	shownMs: seconds * 1_000,
});

test('a wait is printed after 10 s, 20 s, 40 s, and not in between', () => {
	const overdue = new OverdueWaits();
	const printed = Array.from({ length: 200 }, (_, second) => second).filter(
		(second) => overdue.due([wait('1/1', second)]).length > 0,
	);
	expect(printed).toEqual([10, 20, 40, 80, 160]);
});

test('each wait is printed independently', () => {
	const overdue = new OverdueWaits();
	expect(overdue.due([wait('1/1', 11), wait('2/1', 3)])).toEqual([wait('1/1', 11)]);
	expect(overdue.due([wait('1/1', 19), wait('2/1', 11)])).toEqual([wait('2/1', 11)]);
});

test('a late check prints a wait only once', () => {
	const overdue = new OverdueWaits();
	expect(overdue.due([wait('1/1', 45)])).toHaveLength(1);
	expect(overdue.due([wait('1/1', 46)])).toHaveLength(0);
});
