import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { CLIENT, emptyHistory, SERVER, type SentFate, SimulatedWire, TRAVEL } from './fixtures.ts';
import { type JoinContext, PacketJoin, type PacketObservation } from './packet-join.ts';

/** Initial sequence numbers of both sides. */
const C = 1_000_000;
const S = 2_000_000_000;

/** All observations at once. */
function joinSegments(observations: readonly PacketObservation[], frame: JoinContext): PacketJoin['segments'] {
	const all = new PacketJoin(frame);
	for (const observation of observations) all.observe(observation);
	return all.segments;
}

const join = (wire: SimulatedWire) => joinSegments(wire.observations, emptyHistory());

function handshake(): SimulatedWire {
	return new SimulatedWire()
		.send(0, 'client', 'S', { seq: C })
		.send(0.001, 'server', 'S.', { seq: S, ack: C + 1 })
		.send(0.002, 'client', '.', { seq: C + 1, ack: S + 1 });
}

/** Of the segments behind the handshake. */
const numbersOf = (wire: SimulatedWire) =>
	join(wire)
		.slice(3)
		.map(({ seq, ack }) => [seq, ack]);
const retransmissionsOf = (wire: SimulatedWire) => join(wire).map(({ retransmission }) => retransmission);

describe('what became of a segment', () => {
	test('seen leaving and arriving: delivered, at its sender’s time', () => {
		const [segment] = join(new SimulatedWire().send(0.5, 'client', 'S', { seq: C }));
		expect(segment).toEqual({
			kind: 'segment',
			t: 0.5,
			host: 'client',
			boot: 1,
			from: CLIENT,
			to: SERVER,
			flags: 'S',
			seq: 0,
			ack: 0,
			length: 0,
			window: 502,
			fate: 'delivered',
			arrived: 0.5 + TRAVEL,
			retransmission: false,
			absolute: { seq: C, ack: 0 },
		});
	});

	test('logged by the firewall behind the receiver’s capture: dropped by that fault, though the capture saw it arrive', () => {
		const [segment, ...others] = join(new SimulatedWire().send(0, 'client', 'S', { fate: 'dropped' }));
		expect(segment).toMatchObject({ host: 'client', fate: 'dropped', by: 'drop-1', arrived: TRAVEL });
		expect(others).toEqual([]);
	});

	test('seen leaving only: unobserved', () => {
		const [segment] = join(new SimulatedWire().send(0, 'server', 'R', { fate: 'unobserved' }));
		expect(segment).toMatchObject({ host: 'server', fate: 'unobserved' });
		expect(segment).not.toHaveProperty('arrived');
	});

	test('logged at the sender’s own OUTPUT, before any capture: dropped there', () => {
		const [segment] = join(new SimulatedWire().send(0.25, 'client', 'S', { fate: 'stopped' }));
		expect(segment).toMatchObject({ t: 0.25, host: 'client', fate: 'dropped', by: 'drop-1' });
		expect(segment).not.toHaveProperty('arrived');
	});

	test('seen arriving only, because its sender’s capture was not there: delivered, and its sender’s all the same', () => {
		const { observations } = new SimulatedWire().send(0, 'client', 'S');
		const segments = joinSegments(
			observations.filter(({ what }) => what === 'arrived'),
			emptyHistory(),
		);
		expect(segments).toMatchObject([{ host: 'client', fate: 'delivered' }]);
		// When it arrived is not when it left, and nobody saw it leave.
		expect(segments[0]).not.toHaveProperty('arrived');
	});

	test('seen arriving a moment before it left, as by the clocks of two CPUs, it is one segment all the same', () => {
		const { observations } = new SimulatedWire().send(0.5, 'client', 'S');
		const early = observations.map((one) =>
			one.what === 'arrived' ? { ...one, packet: { ...one.packet, t: one.packet.t - 2 * TRAVEL } } : one,
		);
		expect(joinSegments(early, emptyHistory())).toMatchObject([{ t: 0.5, fate: 'delivered', arrived: 0.5 - TRAVEL }]);
	});

	test('segments that differ only in their IP identification are told apart', () => {
		const data = { seq: C + 1, ack: S + 1, length: 5 };
		const wire = handshake()
			.send(1, 'client', 'P.', { ...data, fate: 'unobserved' })
			.send(2, 'client', 'P.', { ...data, fate: 'dropped' })
			.send(4, 'client', 'P.', data);
		expect(
			join(wire)
				.slice(3)
				.map(({ fate }) => fate),
		).toEqual(['unobserved', 'dropped', 'delivered']);
	});

	test('segments that differ only in their timestamp are told apart', () => {
		const stamped = (value: number, fate: SentFate) => ({
			ipId: 0,
			options: { timestamp: { value, echo: 7 } },
			fate,
		});
		const wire = new SimulatedWire()
			.send(1, 'client', '.', stamped(10, 'unobserved'))
			.send(2, 'client', '.', stamped(11, 'delivered'));
		expect(join(wire).map(({ fate }) => fate)).toEqual(['unobserved', 'delivered']);
	});

	test('of those alike in everything, the first that left is the first that arrived', () => {
		// A RST has IP identification 0 and no timestamp.
		const reset = { seq: C, ipId: 0 };
		const wire = new SimulatedWire()
			.send(1, 'client', 'R', reset)
			.send(2, 'client', 'R', reset)
			.send(3, 'client', 'R', { ...reset, fate: 'unobserved' });
		expect(join(wire)).toMatchObject([
			{ t: 1, arrived: 1 + TRAVEL },
			{ t: 2, arrived: 2 + TRAVEL },
			{ t: 3, fate: 'unobserved' },
		]);
	});

	test('what is alike but on another connection is another segment', () => {
		const wire = new SimulatedWire()
			.send(1, 'client', 'R', { ipId: 0, fate: 'unobserved' })
			.send(2, 'client', 'R', { ipId: 0, clientPort: CLIENT.port + 1 });
		expect(join(wire).map(({ fate }) => fate)).toEqual(['unobserved', 'delivered']);
	});
});

describe('the order in which observers tell', () => {
	const fate = fc.constantFrom<SentFate>('delivered', 'dropped', 'unobserved', 'stopped');
	const sent = fc.record({
		sender: fc.constantFrom('client' as const, 'server' as const),
		flags: fc.constantFrom('S', 'S.', '.', 'P.', 'F.', 'R', 'R.'),
		seq: fc.constantFrom(C, C + 1, C + 6, 0xffff_fff0),
		ack: fc.constantFrom(0, S, S + 1),
		length: fc.constantFrom(0, 0, 5, 1_448),
		fate,
	});
	const told = fc.array(sent, { maxLength: 12 }).map((all) => {
		const wire = new SimulatedWire();
		for (const [index, { sender, flags, ...rest }] of all.entries()) wire.send(index / 100, sender, flags, rest);
		return { fates: all.map((one) => one.fate), observations: wire.observations };
	});

	test('changes nothing, and every segment has the fate it had', () => {
		const shuffled = told.chain(({ fates, observations }) =>
			fc
				.shuffledSubarray(observations, { minLength: observations.length, maxLength: observations.length })
				.map((inAnyOrder) => ({ fates, observations, inAnyOrder })),
		);
		fc.assert(
			fc.property(shuffled, ({ fates, observations, inAnyOrder }) => {
				const segments = joinSegments(inAnyOrder, emptyHistory());
				expect(segments.map(({ fate }) => fate)).toEqual(fates.map((one) => (one === 'stopped' ? 'dropped' : one)));
				expect(segments).toEqual(joinSegments(observations, emptyHistory()));
			}),
		);
	});

	test('finds of those alike in everything the one that was lost, where time tells', () => {
		// A RST has IP identification 0 and no timestamp, and is the same each time.
		const wire = new SimulatedWire()
			.send(1, 'client', 'R', { ipId: 0, fate: 'unobserved' })
			.send(2, 'client', 'R', { ipId: 0 })
			.send(3, 'client', 'R', { ipId: 0, fate: 'dropped' })
			.send(4, 'client', 'R', { ipId: 0, fate: 'stopped' });
		expect(join(wire).map(({ fate }) => fate)).toEqual(['unobserved', 'delivered', 'dropped', 'dropped']);
	});

	test('changes nothing where segments are alike in everything either', () => {
		const alike = fc.array(fate, { maxLength: 8 }).chain((fates) => {
			const wire = new SimulatedWire();
			for (const [index, one] of fates.entries()) wire.send(index, 'client', 'R', { ipId: 0, fate: one });
			const { observations } = wire;
			return fc
				.shuffledSubarray(observations, { minLength: observations.length, maxLength: observations.length })
				.map((inAnyOrder) => ({ observations, inAnyOrder }));
		});
		fc.assert(
			fc.property(alike, ({ observations, inAnyOrder }) => {
				expect(joinSegments(inAnyOrder, emptyHistory())).toEqual(joinSegments(observations, emptyHistory()));
			}),
		);
	});
});

describe('a join that goes on', () => {
	/**
	 * Two ports and few numbers, so that much is alike; times in steps, so that much is at the same time; connections
	 * begin and end.
	 */
	const sent = fc.record({
		sender: fc.constantFrom('client' as const, 'server' as const),
		flags: fc.constantFrom('S', 'S.', '.', 'P.', 'F.', 'R', 'R.'),
		seq: fc.constantFrom(0, C, C + 1, C + 6, 0xffff_fff0),
		ack: fc.constantFrom(0, C + 1, S, S + 1),
		length: fc.constantFrom(0, 0, 5, 1_448),
		ipId: fc.constantFrom(0, 1),
		clientPort: fc.constantFrom(CLIENT.port, SERVER.port),
		step: fc.constantFrom(0, 0.000_01, 0.1),
		fate: fc.constantFrom<SentFate>('delivered', 'delivered', 'dropped', 'unobserved', 'stopped'),
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

	/** Each observer tells what it saw in order; which of them is next is chance. */
	function mixed(observations: readonly PacketObservation[], choices: readonly number[]): PacketObservation[] {
		const observers = new Map<string, PacketObservation[]>();
		for (const one of observations) {
			const name = `${one.host} ${one.what === 'dropped'}`;
			observers.set(name, [...(observers.get(name) ?? []), one]);
		}
		const waiting = [...observers.values()];
		return observations.map((_, index) => {
			const talking = waiting.filter(({ length }) => length > 0);
			const next = talking[(choices[index % Math.max(1, choices.length)] ?? 0) % talking.length];
			return next?.shift() as PacketObservation;
		});
	}

	test('says at each moment what a join of all that was seen so far would say', () => {
		fc.assert(
			fc.property(
				wires,
				fc.array(fc.nat(2), { maxLength: 20 }),
				fc.array(fc.boolean(), { maxLength: 7 }),
				(observations, choices, looks) => {
					const history = emptyHistory();
					const join = new PacketJoin(history);
					const told = mixed(observations, choices);
					for (const [index, one] of told.entries()) {
						join.observe(one);
						if (looks[index % Math.max(1, looks.length)])
							expect(join.segments).toEqual(joinSegments(told.slice(0, index + 1), history));
					}
					expect(join.segments).toEqual(joinSegments(observations, history));
				},
			),
			{ numRuns: 500 },
		);
	});

	test('keeps its numbers over many segments, whichever way they come', () => {
		const wire = handshake();
		for (let index = 0; index < 1_500; index++)
			wire.send(1 + index / 1_000, 'client', 'P.', { seq: C + 1 + 10 * index, ack: S + 1, length: 10 });
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

	test('holds nothing that was not asked for again', () => {
		const history = emptyHistory();
		const join = new PacketJoin(history);
		for (const one of handshake().observations) join.observe(one);
		const told = join.segments;
		expect(join.segments).toBe(told);
	});
});

describe('relative numbers', () => {
	test('count from each side’s SYN, as tcpdump counts', () => {
		const segments = join(
			handshake()
				.send(1, 'client', 'P.', { seq: C + 1, ack: S + 1, length: 5 })
				.send(1.1, 'server', '.', { seq: S + 1, ack: C + 6 }),
		);
		expect(segments.map(({ seq, ack }) => [seq, ack])).toEqual([
			[0, 0],
			[0, 1],
			[1, 1],
			[1, 1],
			[1, 6],
		]);
	});

	test('go on over the end of the 32 bits', () => {
		const first = 0xffff_fffe;
		const segments = join(
			new SimulatedWire()
				.send(0, 'client', 'S', { seq: first })
				.send(1, 'server', 'S.', { seq: S, ack: 0xffff_ffff })
				.send(2, 'client', 'P.', { seq: 0xffff_ffff, ack: S + 1, length: 10 })
				.send(3, 'server', '.', { seq: S + 1, ack: 9 })
				.send(4, 'client', 'P.', { seq: 9, ack: S + 1, length: 1 }),
		);
		// 0xffffffff and 10 bytes more is 9 on the circle; counted from the SYN it is 11.
		expect(segments.map(({ seq, ack }) => [seq, ack])).toEqual([
			[0, 0],
			[0, 1],
			[1, 1],
			[1, 11],
			[11, 1],
		]);
		expect(segments.map(({ retransmission }) => retransmission)).toEqual([false, false, false, false, false]);
	});

	test('of a connection whose SYN nobody saw count from its first segment', () => {
		const segments = join(
			new SimulatedWire()
				.send(0, 'client', 'P.', { seq: C, ack: S, length: 5 })
				.send(1, 'server', '.', { seq: S, ack: C + 5 })
				.send(2, 'client', 'P.', { seq: C + 5, ack: S, length: 5 }),
		);
		expect(segments.map(({ seq, ack }) => [seq, ack])).toEqual([
			[0, 0],
			[0, 5],
			[5, 0],
		]);
	});

	test('of the RST of a rebooted host are those that its predecessor would have had next', () => {
		// The new stack takes the number of its RST from the ACK of what it answers (RFC 9293, 3.10.7.1).
		const wire = handshake()
			.send(1, 'client', 'P.', { seq: C + 1, ack: S + 1, length: 22 })
			.send(1.1, 'server', 'R', { seq: S + 1, boot: 2 });
		expect(numbersOf(wire)).toEqual([
			[1, 1],
			[1, 0],
		]);
	});

	test('of a RST that refuses a SYN are 0 and what it acknowledges, and it is no beginning of anything', () => {
		// RFC 9293, 3.10.7.1: no ACK in what it answers, so its own number is 0.
		const wire = new SimulatedWire()
			.send(0, 'client', 'S', { seq: C })
			.send(0.1, 'server', 'R.', { seq: 0, ack: C + 1 })
			.send(1, 'client', 'S', { seq: C + 77 })
			.send(1.1, 'server', 'S.', { seq: S, ack: C + 78 })
			.send(1.2, 'server', '.', { seq: S + 1, ack: C + 78 });
		expect(join(wire).map(({ seq, ack }) => [seq, ack])).toEqual([
			[0, 0],
			[0, 1],
			[0, 0],
			[0, 1],
			[1, 1],
		]);
	});

	test('of what follows a RST out of nowhere do not count from it', () => {
		const wire = new SimulatedWire().send(0, 'server', 'R', { seq: 77 }).send(1, 'server', '.', { seq: S, ack: C });
		expect(join(wire).map(({ seq }) => seq)).toEqual([0, 0]);
	});

	test('begin anew where a port is used again', () => {
		const [again, answer] = [C + 5_000_000, 3_000_000];
		const wire = handshake()
			.send(1, 'client', 'P.', { seq: C + 1, ack: S + 1, length: 5 })
			.send(2, 'client', 'R', { seq: C + 6 })
			.send(3, 'client', 'S', { seq: again })
			.send(3.1, 'server', 'S.', { seq: answer, ack: again + 1 })
			.send(3.2, 'client', 'P.', { seq: again + 1, ack: answer + 1, length: 5 });
		expect(numbersOf(wire)).toEqual([
			[1, 1],
			[6, 0],
			[0, 0],
			[0, 1],
			[1, 1],
		]);
		// The new connection's bytes 1 to 5 are not those of the old one.
		expect(retransmissionsOf(wire)).not.toContain(true);
	});

	test('of a RST that refuses the SYN of a port used again are 0, too', () => {
		const wire = handshake()
			.send(1, 'client', 'R', { seq: C + 1 })
			.send(2, 'client', 'S', { seq: C + 9_000 })
			.send(2.1, 'server', 'R.', { seq: 0, ack: C + 9_001 });
		expect(numbersOf(wire).at(-1)).toEqual([0, 1]);
	});

	test('of a keepalive probe lie one below what was acknowledged', () => {
		// tcp_xmit_probe_skb sends snd_una - 1, without data, so that the peer must answer.
		const wire = handshake()
			.send(1, 'client', 'P.', { seq: C + 1, ack: S + 1, length: 5 })
			.send(2, 'server', '.', { seq: S + 1, ack: C + 6 })
			.send(9, 'client', '.', { seq: C + 5, ack: S + 1 });
		expect(numbersOf(wire).at(-1)).toEqual([5, 1]);
		expect(join(wire).at(-1)).toMatchObject({ length: 0, retransmission: false });
	});

	test('of connections beside each other do not mix', () => {
		const other = { clientPort: CLIENT.port + 1 };
		const wire = handshake()
			.send(1, 'client', 'S', { seq: 42, ...other })
			.send(1.1, 'server', 'S.', { seq: 4_242, ack: 43, ...other })
			.send(2, 'client', '.', { seq: C + 1, ack: S + 1 });
		expect(numbersOf(wire)).toEqual([
			[0, 0],
			[0, 1],
			[1, 1],
		]);
	});
});

describe('numbers of another connection of the same endpoints', () => {
	/**
	 * A connection with data, then the client comes back with another number: it was rebooted, or binds the same port
	 * again.
	 */
	const [again, answer] = [C + 24_289_426, S + 900_000_000];
	const reopened = () =>
		handshake()
			.send(1, 'client', 'P.', { seq: C + 1, ack: S + 1, length: 5 })
			.send(1.1, 'server', '.', { seq: S + 1, ack: C + 6 })
			.send(2, 'client', 'S', { seq: again });

	test('are those of a challenge ACK, and of the RST that answers it (RFC 5961, 4.2)', () => {
		const wire = reopened()
			.send(2.1, 'server', '.', { seq: S + 1, ack: C + 6 })
			.send(2.2, 'client', 'R', { seq: C + 6, ipId: 0 })
			.send(3, 'client', 'S', { seq: again })
			.send(3.1, 'server', 'S.', { seq: answer, ack: again + 1 })
			.send(3.2, 'client', '.', { seq: again + 1, ack: answer + 1 });
		expect(numbersOf(wire).slice(2)).toEqual([
			[0, 0],
			[1, 6],
			[6, 0],
			[0, 0],
			[0, 1],
			[1, 1],
		]);
		expect(retransmissionsOf(wire).slice(3)).toEqual([false, false, false, false, false, true, false, false]);
	});

	test('are those of what comes late out of TIME-WAIT, while the next goes on', () => {
		const wire = reopened()
			.send(2.1, 'server', 'S.', { seq: answer, ack: again + 1 })
			.send(2.2, 'client', 'P.', { seq: again + 1, ack: answer + 1, length: 7 })
			.send(2.3, 'server', '.', { seq: S + 1, ack: C + 6 })
			.send(2.4, 'server', '.', { seq: answer + 1, ack: again + 8 });
		expect(numbersOf(wire).slice(3)).toEqual([
			[0, 1],
			[1, 1],
			[1, 6],
			[1, 8],
		]);
	});

	test('are those of the RST of a socket that its host has forgotten', () => {
		const wire = reopened().send(2.1, 'server', 'R', { seq: S + 1, ipId: 0 });
		expect(numbersOf(wire).at(-1)).toEqual([1, 0]);
	});

	test('begin anew where the server answers the same SYN with another number', () => {
		const wire = new SimulatedWire()
			.send(0, 'client', 'S', { seq: C })
			.send(0.1, 'server', 'S.', { seq: S, ack: C + 1, fate: 'unobserved' })
			.send(1, 'client', 'S', { seq: C })
			.send(1.1, 'server', 'S.', { seq: answer, ack: C + 1 })
			.send(1.2, 'client', '.', { seq: C + 1, ack: answer + 1 });
		expect(join(wire).map(({ seq, ack, retransmission }) => [seq, ack, retransmission])).toEqual([
			[0, 0, false],
			[0, 1, false],
			[0, 0, true],
			[0, 1, false],
			[1, 1, false],
		]);
	});

	test(
		'are none where both connect at once: the SYN-ACKs have the numbers of the SYNs, and are no retransmissions ' +
			'(RFC 9293, 3.5)',
		() => {
			const wire = new SimulatedWire()
				.send(0, 'client', 'S', { seq: C })
				.send(0.000_01, 'server', 'S', { seq: S })
				.send(0.1, 'client', 'S.', { seq: C, ack: S + 1 })
				.send(0.100_01, 'server', 'S.', { seq: S, ack: C + 1 })
				.send(1, 'client', 'S.', { seq: C, ack: S + 1 });
			expect(join(wire).map(({ seq, ack, retransmission }) => [seq, ack, retransmission])).toEqual([
				[0, 0, false],
				[0, 0, false],
				[0, 1, false],
				[0, 1, false],
				[0, 1, true],
			]);
		},
	);
});

describe('a socket that is connected to itself', () => {
	test('has one row of numbers, and its SYN-ACK is no retransmission', () => {
		const own = { address: SERVER.address, port: 9_000 };
		const sight = (t: number, flags: string, seq: number, ack: number, length = 0): PacketObservation[] =>
			(['left', 'arrived'] as const).map((what) => ({
				host: 'server',
				boot: 1,
				what,
				packet: {
					...{
						kind: 'segment',
						t: 1_800_000_000 + t + (what === 'left' ? 0 : 0.000_002),
						loopback: true,
						from: own,
						to: own,
					},
					...{ flags, seq, ack, length, window: 1, ipId: 0, options: {}, direction: what === 'left' ? 'out' : 'in' },
				},
			}));
		const observations = [
			sight(0, 'S', C, 0),
			sight(0.000_01, 'S.', C, C + 1),
			sight(0.000_02, '.', C + 1, C + 1),
			sight(1, 'P.', C + 1, C + 1, 5),
			sight(1.000_1, '.', C + 6, C + 6),
		].flat();
		expect(joinSegments(observations, emptyHistory())).toMatchObject([
			{ host: 'server', link: 'loopback', flags: 'S', seq: 0, retransmission: false, fate: 'delivered' },
			{ flags: 'S.', seq: 0, ack: 1, retransmission: false },
			{ flags: '.', seq: 1, ack: 1 },
			{ flags: 'P.', seq: 1, ack: 1, length: 5, retransmission: false },
			{ flags: '.', seq: 6, ack: 6 },
		]);
	});
});

test('numbers go on beyond 2^32, for as long as a connection sends', () => {
	const wire = handshake();
	const MIB = 1_048_576;
	const count = 6_000;
	for (let index = 0; index < count; index++) {
		const seq = (C + 1 + index * MIB) % 2 ** 32;
		wire.send(1 + index / 1_000, 'client', '.', { seq, ack: S + 1, length: MIB });
		if (index % 100 === 99)
			wire.send(1 + index / 1_000 + 0.000_5, 'server', '.', { seq: S + 1, ack: (seq + MIB) % 2 ** 32 });
	}
	const segments = join(wire);
	expect(segments.filter(({ retransmission }) => retransmission)).toEqual([]);
	expect(segments.at(-2)).toMatchObject({ seq: 1 + (count - 1) * MIB });
	expect(segments.at(-1)).toMatchObject({ ack: 1 + count * MIB });
});

test('SACK blocks count as the numbers that they acknowledge do, also those of a duplicate (RFC 2883)', () => {
	const sack = [
		{ from: C + 1, to: C + 6 },
		{ from: C + 11, to: C + 16 },
	];
	const wire = handshake()
		.send(1, 'client', 'P.', { seq: C + 1, ack: S + 1, length: 15 })
		.send(2, 'server', '.', { seq: S + 1, ack: C + 6, options: { sack, timestamp: { value: 1, echo: 2 } } });
	expect(join(wire).at(-1)?.options).toEqual({
		sack: [
			{ from: 1, to: 6 },
			{ from: 11, to: 16 },
		],
		timestamp: { value: 1, echo: 2 },
	});
});

describe('what nobody knows', () => {
	test('is told where the firewall’s log or the capture of the receiver had ended, until it goes on', () => {
		const history = emptyHistory();
		const wire = handshake()
			.send(1, 'client', 'P.', { seq: C + 1, ack: S + 1, length: 5 })
			.send(2, 'client', 'P.', { seq: C + 6, ack: S + 1, length: 5, fate: 'unobserved' })
			.send(3, 'client', 'P.', { seq: C + 6, ack: S + 1, length: 5 })
			.send(4, 'client', 'P.', { seq: C + 11, ack: S + 1, length: 5, fate: 'dropped' });
		for (const one of wire.observations) history.observe(one);
		const fates = () => history.segments.slice(3).map(({ fate, by }) => [fate, by]);
		expect(fates()).toEqual([
			['delivered', undefined],
			['unobserved', undefined],
			['delivered', undefined],
			['dropped', 'drop-1'],
		]);
		history.lose({ observer: 'firewall', host: 'server', what: 'ended', since: 0.5 });
		history.lose({ observer: 'capture', host: 'server', what: 'ended', since: 1.5 });
		history.recover({ observer: 'firewall', host: 'server' }, 2.5);
		expect(fates()).toEqual([
			['unknown', 'server firewall'],
			['unknown', 'server capture'],
			['delivered', undefined],
			['dropped', 'drop-1'],
		]);
	});
});

describe('a retransmission', () => {
	test('is none of what never was on the wire: its sender’s own firewall stopped it', () => {
		const data = { seq: C + 1, ack: S + 1, length: 5 };
		const wire = handshake()
			.send(1, 'client', 'P.', { ...data, fate: 'stopped' })
			.send(1.2, 'client', 'P.', { ...data, fate: 'stopped' })
			.send(1.6, 'client', 'P.', data)
			.send(2.4, 'client', 'P.', data);
		expect(retransmissionsOf(wire).slice(3)).toEqual([false, false, false, true]);
	});

	test('has the same bytes again, whatever became of the first', () => {
		const data = { seq: C + 1, ack: S + 1, length: 5 };
		const wire = handshake()
			.send(1, 'client', 'P.', { ...data, fate: 'dropped' })
			.send(1.2, 'client', 'P.', data)
			.send(1.6, 'client', 'P.', data);
		expect(retransmissionsOf(wire).slice(3)).toEqual([false, true, true]);
	});

	test('may have some of the bytes, or be of several segments joined', () => {
		const at = (seq: number, length: number) => ({ seq: C + seq, ack: S + 1, length });
		const wire = handshake()
			.send(1, 'client', 'P.', at(1, 10))
			.send(2, 'client', 'P.', at(11, 10))
			.send(3, 'client', 'P.', at(1, 20))
			.send(4, 'client', 'P.', at(6, 5))
			// The last five are new.
			.send(5, 'client', 'P.', at(11, 15));
		expect(retransmissionsOf(wire).slice(3)).toEqual([false, false, true, true, false]);
	});

	test('may be of a SYN or of a FIN, which count as a byte', () => {
		const wire = new SimulatedWire()
			.send(0, 'client', 'S', { seq: C, fate: 'dropped' })
			.send(1, 'client', 'S', { seq: C })
			.send(1.1, 'server', 'S.', { seq: S, ack: C + 1 })
			.send(2, 'client', 'F.', { seq: C + 1, ack: S + 1 })
			.send(3, 'client', 'F.', { seq: C + 1, ack: S + 1 });
		expect(retransmissionsOf(wire)).toEqual([false, true, false, false, true]);
	});

	test('is no ACK, however often it is sent', () => {
		const wire = handshake()
			.send(1, 'client', '.', { seq: C + 1, ack: S + 1 })
			.send(2, 'client', '.', { seq: C + 1, ack: S + 1 });
		expect(retransmissionsOf(wire)).not.toContain(true);
	});

	test('is known over the end of the 32 bits, too', () => {
		const data = { seq: 0xffff_fffe, ack: S + 1, length: 10 };
		const wire = new SimulatedWire()
			.send(0, 'client', 'S', { seq: 0xffff_fffd })
			.send(1, 'client', 'P.', data)
			.send(2, 'client', 'P.', data)
			.send(3, 'client', 'P.', { ...data, seq: 8 });
		expect(retransmissionsOf(wire)).toEqual([false, false, true, false]);
	});
});
