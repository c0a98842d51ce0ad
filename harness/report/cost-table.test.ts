import { expect, test } from '@jest/globals';
import { painter } from './colours.ts';
import { costTable } from './cost-table.ts';

const plain = painter(false);

test('the cost of a run is listed by theme, with its sum, its longest scenario and its memory', () => {
	const spent = [
		{
			spec: 'puzzlers/power-off',
			scenario: 'the peer never comes back',
			cost: { engine: 1.5, kernel: 60, harness: 0.4 },
		},
		{ spec: 'puzzlers/half-open', scenario: 'one side is gone', cost: { engine: 1.5, kernel: 2, harness: 0.4 } },
		{ spec: 'queues/backlog', scenario: 'full', cost: { engine: 1, kernel: 0.1, harness: 0.2 } },
	];
	expect(costTable(spent, { wallSeconds: 63, memoryBytes: 1.26e9 }, 80, plain)).toEqual([
		'Where the time went: the engine’s work, waiting for the kernel, the harness',
		'            scenarios  engine  kernel  harness  longest',
		'  puzzlers          2   3.0 s  62.0 s   800 ms   61.9 s',
		'  queues            1   1.0 s  100 ms   200 ms    1.3 s',
		'  all               3   4.0 s  62.1 s    1.0 s   61.9 s',
		'  In 63.0 s of wall time, since scenarios run side by side.',
		'  The longest took 61.9 s: puzzlers/power-off, the peer never comes back.',
		'  Memory: at most 1.3 GB more in use on the whole machine than when it began',
		'  (runner, hosts, engine).',
	]);
});
