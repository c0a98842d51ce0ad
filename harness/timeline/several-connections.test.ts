import { describe, expect, test } from '@jest/globals';
import { CLIENT_ISN, handshake, join, numbersOf, retransmissionsOf, SERVER_ISN, SimulatedWire } from './fixtures.ts';

describe('several connections of the same endpoints', () => {
	/** A connection with data, then a SYN from the same port with another number: after a reboot, or a second bind. */
	const [again, answer] = [CLIENT_ISN + 24_289_426, SERVER_ISN + 900_000_000];
	const reopened = () =>
		handshake()
			.send(1, 'client', 'P.', { seq: CLIENT_ISN + 1, ack: SERVER_ISN + 1, length: 5 })
			.send(1.1, 'server', '.', { seq: SERVER_ISN + 1, ack: CLIENT_ISN + 6 })
			.send(2, 'client', 'S', { seq: again });

	test('a challenge ACK, and the RST that answers it, have the numbers of the earlier one (RFC 5961, 4.2)', () => {
		const wire = reopened()
			.send(2.1, 'server', '.', { seq: SERVER_ISN + 1, ack: CLIENT_ISN + 6 })
			.send(2.2, 'client', 'R', { seq: CLIENT_ISN + 6, ipId: 0 })
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

	test('a late segment from TIME-WAIT has the numbers of the earlier one, while the next continues', () => {
		const wire = reopened()
			.send(2.1, 'server', 'S.', { seq: answer, ack: again + 1 })
			.send(2.2, 'client', 'P.', { seq: again + 1, ack: answer + 1, length: 7 })
			.send(2.3, 'server', '.', { seq: SERVER_ISN + 1, ack: CLIENT_ISN + 6 })
			.send(2.4, 'server', '.', { seq: answer + 1, ack: again + 8 });
		expect(numbersOf(wire).slice(3)).toEqual([
			[0, 1],
			[1, 1],
			[1, 6],
			[1, 8],
		]);
	});

	test('the RST of a host without a socket has the numbers of the earlier one', () => {
		const wire = reopened().send(2.1, 'server', 'R', { seq: SERVER_ISN + 1, ipId: 0 });
		expect(numbersOf(wire).at(-1)).toEqual([1, 0]);
	});

	test('a SYN-ACK with another number, to the same SYN, starts the numbers again', () => {
		const wire = new SimulatedWire()
			.send(0, 'client', 'S', { seq: CLIENT_ISN })
			.send(0.1, 'server', 'S.', { seq: SERVER_ISN, ack: CLIENT_ISN + 1, fate: 'unobserved' })
			.send(1, 'client', 'S', { seq: CLIENT_ISN })
			.send(1.1, 'server', 'S.', { seq: answer, ack: CLIENT_ISN + 1 })
			.send(1.2, 'client', '.', { seq: CLIENT_ISN + 1, ack: answer + 1 });
		expect(join(wire).map(({ seq, ack, retransmission }) => [seq, ack, retransmission])).toEqual([
			[0, 0, false],
			[0, 1, false],
			[0, 0, true],
			[0, 1, false],
			[1, 1, false],
		]);
	});

	test(
		'a simultaneous open is one connection: the SYN-ACKs have the numbers of the SYNs, and are no retransmissions ' +
			'(RFC 9293, 3.5)',
		() => {
			const wire = new SimulatedWire()
				.send(0, 'client', 'S', { seq: CLIENT_ISN })
				.send(0.000_01, 'server', 'S', { seq: SERVER_ISN })
				.send(0.1, 'client', 'S.', { seq: CLIENT_ISN, ack: SERVER_ISN + 1 })
				.send(0.100_01, 'server', 'S.', { seq: SERVER_ISN, ack: CLIENT_ISN + 1 })
				.send(1, 'client', 'S.', { seq: CLIENT_ISN, ack: SERVER_ISN + 1 });
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
