import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { rebootStory } from '../ladder/fixtures/stories.ts';
import { look } from './fixtures/scenarios.ts';
import { looksAt } from './socket-looks.ts';

const local = { address: '10.77.1.2', port: 49152 };
const remote = { address: '10.77.1.3', port: 8080 };
const established = {
	state: 'ESTAB',
	receiveQueue: 0,
	sendQueue: 0,
	local,
	remote,
	details: 'cwnd:10 lastsnd:4 lastrcv:4 lastack:4 minrtt:0.03',
};
const timer = { name: 'on' as const, leftMs: 200, count: 0 };

const looks = (...events: ReturnType<typeof look>[]) => looksAt('client', { ...rebootStory(), events });

test('looks are folded while only clocks run', () => {
	const later = { ...established, details: 'cwnd:10 lastsnd:54 lastrcv:54 lastack:54 minrtt:0.03' };
	expect(looks(look(1, [established]), look(2, [later]), look(3, []))).toEqual([
		{ t: 1, until: 2, times: 2, rows: [established] },
		{ t: 3, until: 3, times: 1, rows: [] },
	]);
	expect(
		looks(look(1, [{ ...established, timer }]), look(2, [{ ...established, timer: { ...timer, leftMs: 100 } }])),
	).toHaveLength(1);
});

test.each([
	['a queue', { ...established, sendQueue: 1 }],
	['a state', { ...established, state: 'FIN-WAIT-1' }],
	['a timer', { ...established, timer }],
	['what ss knows besides', { ...established, details: 'cwnd:1 lastsnd:4 lastrcv:4 lastack:4 minrtt:0.03' }],
])('%s is news', (_, row) => {
	expect(looks(look(1, [established]), look(2, [row]))).toHaveLength(2);
});

test('another boot is news, another host is not of this one', () => {
	expect(looks(look(1, []), look(2, [], 'client', 2))).toHaveLength(2);
	expect(looks(look(1, []), look(2, [established], 'server'), look(3, []))).toEqual([
		{ t: 1, until: 3, times: 2, rows: [] },
	]);
});

test('no look is lost, however they are folded', () => {
	const rows = fc.constantFrom<Parameters<typeof look>[1]>(
		[],
		[established],
		[{ ...established, sendQueue: 5 }],
		[established, established],
	);
	fc.assert(
		fc.property(fc.array(rows), (seen) => {
			const folded = looks(...seen.map((each, t) => look(t, each)));
			expect(folded.flatMap((each) => Array.from({ length: each.times }, () => each.rows))).toEqual(seen);
		}),
	);
});
