import { describe, expect, test } from '@jest/globals';
import {
	CLIENT,
	CLIENT_ISN,
	emptyHistory,
	handshake,
	join,
	joinSegments,
	numbersOf,
	retransmissionsOf,
	SERVER,
	SERVER_ISN,
	SimulatedWire,
} from './fixtures.ts';
import type { PacketObservation } from './packet-join.ts';

describe('relative numbers', () => {
	test('count from the SYN of each side, as in tcpdump', () => {
		const segments = join(
			handshake()
				.send(1, 'client', 'P.', { seq: CLIENT_ISN + 1, ack: SERVER_ISN + 1, length: 5 })
				.send(1.1, 'server', '.', { seq: SERVER_ISN + 1, ack: CLIENT_ISN + 6 }),
		);
		expect(segments.map(({ seq, ack }) => [seq, ack])).toEqual([
			[0, 0],
			[0, 1],
			[1, 1],
			[1, 1],
			[1, 6],
		]);
	});

	test('continue when the 32-bit numbers wrap around', () => {
		const first = 0xffff_fffe;
		const segments = join(
			new SimulatedWire()
				.send(0, 'client', 'S', { seq: first })
				.send(1, 'server', 'S.', { seq: SERVER_ISN, ack: 0xffff_ffff })
				.send(2, 'client', 'P.', { seq: 0xffff_ffff, ack: SERVER_ISN + 1, length: 10 })
				.send(3, 'server', '.', { seq: SERVER_ISN + 1, ack: 9 })
				.send(4, 'client', 'P.', { seq: 9, ack: SERVER_ISN + 1, length: 1 }),
		);
		// 0xffffffff plus 10 bytes is 9 modulo 2^32; relative to the SYN it is 11.
		expect(segments.map(({ seq, ack }) => [seq, ack])).toEqual([
			[0, 0],
			[0, 1],
			[1, 1],
			[1, 11],
			[11, 1],
		]);
		expect(segments.map(({ retransmission }) => retransmission)).toEqual([false, false, false, false, false]);
	});

	test('count from the first segment if no SYN was seen', () => {
		const segments = join(
			new SimulatedWire()
				.send(0, 'client', 'P.', { seq: CLIENT_ISN, ack: SERVER_ISN, length: 5 })
				.send(1, 'server', '.', { seq: SERVER_ISN, ack: CLIENT_ISN + 5 })
				.send(2, 'client', 'P.', { seq: CLIENT_ISN + 5, ack: SERVER_ISN, length: 5 }),
		);
		expect(segments.map(({ seq, ack }) => [seq, ack])).toEqual([
			[0, 0],
			[0, 5],
			[5, 0],
		]);
	});

	test('of the RST of a rebooted host are the next ones of the earlier boot', () => {
		// The RST takes its number from the ACK of the segment that it answers (RFC 9293, 3.10.7.1).
		const wire = handshake()
			.send(1, 'client', 'P.', { seq: CLIENT_ISN + 1, ack: SERVER_ISN + 1, length: 22 })
			.send(1.1, 'server', 'R', { seq: SERVER_ISN + 1, boot: 2 });
		expect(numbersOf(wire)).toEqual([
			[1, 1],
			[1, 0],
		]);
	});

	test('of a RST that refuses a SYN are 0 and what it acknowledges; later numbers do not count from it', () => {
		// The SYN has no ACK, so the number of the RST is 0 (RFC 9293, 3.10.7.1).
		const wire = new SimulatedWire()
			.send(0, 'client', 'S', { seq: CLIENT_ISN })
			.send(0.1, 'server', 'R.', { seq: 0, ack: CLIENT_ISN + 1 })
			.send(1, 'client', 'S', { seq: CLIENT_ISN + 77 })
			.send(1.1, 'server', 'S.', { seq: SERVER_ISN, ack: CLIENT_ISN + 78 })
			.send(1.2, 'server', '.', { seq: SERVER_ISN + 1, ack: CLIENT_ISN + 78 });
		expect(join(wire).map(({ seq, ack }) => [seq, ack])).toEqual([
			[0, 0],
			[0, 1],
			[0, 0],
			[0, 1],
			[1, 1],
		]);
	});

	test('do not count from a RST that is the first segment', () => {
		const wire = new SimulatedWire()
			.send(0, 'server', 'R', { seq: 77 })
			.send(1, 'server', '.', { seq: SERVER_ISN, ack: CLIENT_ISN });
		expect(join(wire).map(({ seq }) => seq)).toEqual([0, 0]);
	});

	test('start again if a port is used again', () => {
		const [again, answer] = [CLIENT_ISN + 5_000_000, 3_000_000];
		const wire = handshake()
			.send(1, 'client', 'P.', { seq: CLIENT_ISN + 1, ack: SERVER_ISN + 1, length: 5 })
			.send(2, 'client', 'R', { seq: CLIENT_ISN + 6 })
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

	test('of a RST that refuses the SYN of a port used again are 0', () => {
		const wire = handshake()
			.send(1, 'client', 'R', { seq: CLIENT_ISN + 1 })
			.send(2, 'client', 'S', { seq: CLIENT_ISN + 9_000 })
			.send(2.1, 'server', 'R.', { seq: 0, ack: CLIENT_ISN + 9_001 });
		expect(numbersOf(wire).at(-1)).toEqual([0, 1]);
	});

	test('of a keepalive probe are one below the acknowledged number', () => {
		// tcp_xmit_probe_skb sends snd_una - 1, without data, so that the peer must answer.
		const wire = handshake()
			.send(1, 'client', 'P.', { seq: CLIENT_ISN + 1, ack: SERVER_ISN + 1, length: 5 })
			.send(2, 'server', '.', { seq: SERVER_ISN + 1, ack: CLIENT_ISN + 6 })
			.send(9, 'client', '.', { seq: CLIENT_ISN + 5, ack: SERVER_ISN + 1 });
		expect(numbersOf(wire).at(-1)).toEqual([5, 1]);
		expect(join(wire).at(-1)).toMatchObject({ length: 0, retransmission: false });
	});

	test('of simultaneous connections are independent', () => {
		const other = { clientPort: CLIENT.port + 1 };
		const wire = handshake()
			.send(1, 'client', 'S', { seq: 42, ...other })
			.send(1.1, 'server', 'S.', { seq: 4_242, ack: 43, ...other })
			.send(2, 'client', '.', { seq: CLIENT_ISN + 1, ack: SERVER_ISN + 1 });
		expect(numbersOf(wire)).toEqual([
			[0, 0],
			[0, 1],
			[1, 1],
		]);
	});
});

describe('a socket that is connected to itself', () => {
	test('numbers both directions together, and its SYN-ACK is no retransmission', () => {
		const own = { address: SERVER.address, port: 9_000 };
		const observe = (t: number, flags: string, seq: number, ack: number, length = 0): PacketObservation[] =>
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
			observe(0, 'S', CLIENT_ISN, 0),
			observe(0.000_01, 'S.', CLIENT_ISN, CLIENT_ISN + 1),
			observe(0.000_02, '.', CLIENT_ISN + 1, CLIENT_ISN + 1),
			observe(1, 'P.', CLIENT_ISN + 1, CLIENT_ISN + 1, 5),
			observe(1.000_1, '.', CLIENT_ISN + 6, CLIENT_ISN + 6),
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

test('numbers continue beyond 2^32', () => {
	const wire = handshake();
	const MIB = 1_048_576;
	const count = 6_000;
	for (let index = 0; index < count; index++) {
		const seq = (CLIENT_ISN + 1 + index * MIB) % 2 ** 32;
		wire.send(1 + index / 1_000, 'client', '.', { seq, ack: SERVER_ISN + 1, length: MIB });
		if (index % 100 === 99)
			wire.send(1 + index / 1_000 + 0.000_5, 'server', '.', { seq: SERVER_ISN + 1, ack: (seq + MIB) % 2 ** 32 });
	}
	const segments = join(wire);
	expect(segments.filter(({ retransmission }) => retransmission)).toEqual([]);
	expect(segments.at(-2)).toMatchObject({ seq: 1 + (count - 1) * MIB });
	expect(segments.at(-1)).toMatchObject({ ack: 1 + count * MIB });
});

test('SACK blocks are relative like the numbers that they acknowledge, also those of a duplicate (RFC 2883)', () => {
	const sack = [
		{ from: CLIENT_ISN + 1, to: CLIENT_ISN + 6 },
		{ from: CLIENT_ISN + 11, to: CLIENT_ISN + 16 },
	];
	const wire = handshake()
		.send(1, 'client', 'P.', { seq: CLIENT_ISN + 1, ack: SERVER_ISN + 1, length: 15 })
		.send(2, 'server', '.', {
			seq: SERVER_ISN + 1,
			ack: CLIENT_ISN + 6,
			options: { sack, timestamp: { value: 1, echo: 2 } },
		});
	expect(join(wire).at(-1)?.options).toEqual({
		sack: [
			{ from: 1, to: 6 },
			{ from: 11, to: 16 },
		],
		timestamp: { value: 1, echo: 2 },
	});
});

test('duplicate acknowledgements that differ only in their SACK blocks are not mistaken for each other', () => {
	const hole = CLIENT_ISN + 6;
	const wire = handshake();
	// IPv6 has no IP identification.
	for (const to of [hole + 10, hole + 15, hole + 20]) {
		const options = { sack: [{ from: hole + 5, to }], timestamp: { value: 1, echo: 2 } };
		wire.send(2, 'server', '.', { seq: SERVER_ISN + 1, ack: hole, ipId: 0, options });
	}
	expect(join(wire).slice(-3)).toMatchObject([
		{ ack: 6, options: { sack: [{ from: 11, to: 16 }] } },
		{ ack: 6, options: { sack: [{ from: 11, to: 21 }] } },
		{ ack: 6, options: { sack: [{ from: 11, to: 26 }] } },
	]);
});
