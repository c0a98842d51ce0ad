import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import {
	CLIENT,
	CLIENT_ISN,
	emptyHistory,
	handshake,
	join,
	joinSegments,
	SERVER,
	SERVER_ISN,
	type SentFate,
	SimulatedWire,
} from './fixtures.ts';
import { PacketJoin, type PacketObservation } from './packet-join.ts';

describe('the order of observations', () => {
	const fate = fc.constantFrom<SentFate>('delivered', 'dropped', 'unobserved', 'stopped', 'cut');
	const sent = fc.record({
		sender: fc.constantFrom('client' as const, 'server' as const),
		flags: fc.constantFrom('S', 'S.', '.', 'P.', 'F.', 'R', 'R.'),
		seq: fc.constantFrom(CLIENT_ISN, CLIENT_ISN + 1, CLIENT_ISN + 6, 0xffff_fff0),
		ack: fc.constantFrom(0, SERVER_ISN, SERVER_ISN + 1),
		length: fc.constantFrom(0, 0, 5, 1_448),
		fate,
	});
	const wires = fc.array(sent, { maxLength: 12 }).map((all) => {
		const wire = new SimulatedWire();
		for (const [index, { sender, flags, ...rest }] of all.entries()) wire.send(index / 100, sender, flags, rest);
		return { fates: all.map((one) => one.fate), observations: wire.observations };
	});

	test('does not change the result, and every segment has the right fate', () => {
		const shuffled = wires.chain(({ fates, observations }) =>
			fc
				.shuffledSubarray(observations, { minLength: observations.length, maxLength: observations.length })
				.map((inAnyOrder) => ({ fates, observations, inAnyOrder })),
		);
		fc.assert(
			fc.property(shuffled, ({ fates, observations, inAnyOrder }) => {
				const segments = joinSegments(inAnyOrder, emptyHistory());
				expect(segments.map(({ fate }) => fate)).toEqual(
					fates.map((one) => (one === 'stopped' || one === 'cut' ? 'dropped' : one)),
				);
				expect(segments).toEqual(joinSegments(observations, emptyHistory()));
			}),
		);
	});

	test('and their times show which of several identical segments was lost', () => {
		// A RST has IP identification 0 and no timestamp, and is the same each time.
		const wire = new SimulatedWire()
			.send(1, 'client', 'R', { ipId: 0, fate: 'unobserved' })
			.send(2, 'client', 'R', { ipId: 0 })
			.send(3, 'client', 'R', { ipId: 0, fate: 'dropped' })
			.send(4, 'client', 'R', { ipId: 0, fate: 'stopped' })
			.send(5, 'client', 'R', { ipId: 0, fate: 'cut' })
			.send(6, 'client', 'R', { ipId: 0 });
		const results = join(wire).map(({ fate, by }) => by ?? fate);
		expect(results).toEqual(['unobserved', 'delivered', 'drop-1', 'drop-1', 'cut-1', 'delivered']);
	});

	test('does not change the result for identical segments either', () => {
		const identical = fc.array(fate, { maxLength: 8 }).chain((fates) => {
			const wire = new SimulatedWire();
			for (const [index, one] of fates.entries()) wire.send(index, 'client', 'R', { ipId: 0, fate: one });
			const { observations } = wire;
			return fc
				.shuffledSubarray(observations, { minLength: observations.length, maxLength: observations.length })
				.map((inAnyOrder) => ({ observations, inAnyOrder }));
		});
		fc.assert(
			fc.property(identical, ({ observations, inAnyOrder }) => {
				expect(joinSegments(inAnyOrder, emptyHistory())).toEqual(joinSegments(observations, emptyHistory()));
			}),
		);
	});
});

describe('an incremental join', () => {
	/**
	 * Two ports and few numbers, so that many segments are identical; times in steps, so that many are at the same time;
	 * connections begin and end.
	 */
	const sent = fc.record({
		sender: fc.constantFrom('client' as const, 'server' as const),
		flags: fc.constantFrom('S', 'S.', '.', 'P.', 'F.', 'R', 'R.'),
		seq: fc.constantFrom(0, CLIENT_ISN, CLIENT_ISN + 1, CLIENT_ISN + 6, 0xffff_fff0),
		ack: fc.constantFrom(0, CLIENT_ISN + 1, SERVER_ISN, SERVER_ISN + 1),
		length: fc.constantFrom(0, 0, 5, 1_448),
		ipId: fc.constantFrom(0, 1),
		clientPort: fc.constantFrom(CLIENT.port, SERVER.port),
		step: fc.constantFrom(0, 0.000_01, 0.1),
		fate: fc.constantFrom<SentFate>('delivered', 'delivered', 'dropped', 'unobserved', 'stopped', 'cut'),
		rejected: fc.boolean(),
	});
	const wires = fc.array(sent, { maxLength: 40 }).map((all) => {
		const wire = new SimulatedWire();
		let t = 0;
		for (const { sender, flags, step, ...rest } of all) {
			t += step;
			wire.send(t, sender, flags, rest);
		}
		return wire.observations;
	});

	/** Interleaves the observations of the observers at random. The observations of each observer stay in order. */
	function interleave(observations: readonly PacketObservation[], choices: readonly number[]): PacketObservation[] {
		const observers = new Map<string, PacketObservation[]>();
		for (const one of observations) {
			const name = `${one.host} ${one.what === 'dropped'}`;
			observers.set(name, [...(observers.get(name) ?? []), one]);
		}
		const waiting = [...observers.values()];
		return observations.map((_, index) => {
			const remaining = waiting.filter(({ length }) => length > 0);
			const next = remaining[(choices[index % Math.max(1, choices.length)] ?? 0) % remaining.length];
			return next?.shift() as PacketObservation;
		});
	}

	test('has the same result at any time as a join of all observations so far', () => {
		fc.assert(
			fc.property(
				wires,
				fc.array(fc.nat(2), { maxLength: 20 }),
				fc.array(fc.boolean(), { maxLength: 7 }),
				(observations, choices, reads) => {
					const history = emptyHistory();
					const join = new PacketJoin(history);
					const interleaved = interleave(observations, choices);
					for (const [index, one] of interleaved.entries()) {
						join.observe(one);
						if (reads[index % Math.max(1, reads.length)])
							expect(join.segments).toEqual(joinSegments(interleaved.slice(0, index + 1), history));
					}
					expect(join.segments).toEqual(joinSegments(observations, history));
				},
			),
			{ numRuns: 500 },
		);
	});

	test('has the right numbers for many segments, in any order of observations', () => {
		const wire = handshake();
		for (let index = 0; index < 1_500; index++)
			wire.send(1 + index / 1_000, 'client', 'P.', {
				seq: CLIENT_ISN + 1 + 10 * index,
				ack: SERVER_ISN + 1,
				length: 10,
			});
		const history = emptyHistory();
		const join = new PacketJoin(history);
		const expected = joinSegments(wire.observations, history);
		const backwards = [...wire.observations].reverse();
		for (const [index, one] of backwards.entries()) {
			join.observe(one);
			if (index % 500 === 0) expect(join.segments.length).toBeGreaterThan(0);
		}
		expect(join.segments).toEqual(expected);
		expect(expected.slice(3).every(({ seq, retransmission }, index) => seq === 1 + 10 * index && !retransmission)).toBe(
			true,
		);
	});

	test('returns the same array if nothing was added', () => {
		const history = emptyHistory();
		const join = new PacketJoin(history);
		for (const one of handshake().observations) join.observe(one);
		const segments = join.segments;
		expect(join.segments).toBe(segments);
	});
});
