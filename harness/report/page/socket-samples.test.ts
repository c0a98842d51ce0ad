import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { rebootTimeline } from '../ladder/fixtures/timelines.ts';
import { sample } from './fixtures/scenarios.ts';
import { samplesOn } from './socket-samples.ts';

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

const samples = (...events: ReturnType<typeof sample>[]) => samplesOn('client', { ...rebootTimeline(), events });

test('samples are folded while only clocks run', () => {
	const later = { ...established, details: 'cwnd:10 lastsnd:54 lastrcv:54 lastack:54 minrtt:0.03' };
	expect(samples(sample(1, [established]), sample(2, [later]), sample(3, []))).toEqual([
		{ t: 1, until: 2, times: 2, rows: [established] },
		{ t: 3, until: 3, times: 1, rows: [] },
	]);
	expect(
		samples(sample(1, [{ ...established, timer }]), sample(2, [{ ...established, timer: { ...timer, leftMs: 100 } }])),
	).toHaveLength(1);
});

test.each([
	['a queue', { ...established, sendQueue: 1 }],
	['a state', { ...established, state: 'FIN-WAIT-1' }],
	['a timer', { ...established, timer }],
	['another detail of ss', { ...established, details: 'cwnd:1 lastsnd:4 lastrcv:4 lastack:4 minrtt:0.03' }],
])('a sample with %s is not folded', (_, row) => {
	expect(samples(sample(1, [established]), sample(2, [row]))).toHaveLength(2);
});

test('a sample of another boot is not folded, and samples of the other host are left out', () => {
	expect(samples(sample(1, []), sample(2, [], 'client', 2))).toHaveLength(2);
	expect(samples(sample(1, []), sample(2, [established], 'server'), sample(3, []))).toEqual([
		{ t: 1, until: 3, times: 2, rows: [] },
	]);
});

test('no sample is lost by folding', () => {
	const rows = fc.constantFrom<Parameters<typeof sample>[1]>(
		[],
		[established],
		[{ ...established, sendQueue: 5 }],
		[established, established],
	);
	fc.assert(
		fc.property(fc.array(rows), (seen) => {
			const folded = samples(...seen.map((each, t) => sample(t, each)));
			expect(folded.flatMap((each) => Array.from({ length: each.times }, () => each.rows))).toEqual(seen);
		}),
	);
});
