import { describe, expect, test } from '@jest/globals';
import { CLIENT_ISN, handshake, retransmissionsOf, SERVER_ISN, SimulatedWire } from './fixtures.ts';

describe('a retransmission', () => {
	test('is not counted if the sender’s own firewall dropped the first, which was never on the wire', () => {
		const data = { seq: CLIENT_ISN + 1, ack: SERVER_ISN + 1, length: 5 };
		const wire = handshake()
			.send(1, 'client', 'P.', { ...data, fate: 'stopped' })
			.send(1.2, 'client', 'P.', { ...data, fate: 'stopped' })
			.send(1.6, 'client', 'P.', data)
			.send(2.4, 'client', 'P.', data);
		expect(retransmissionsOf(wire).slice(3)).toEqual([false, false, false, true]);
	});

	test('has the same bytes as an earlier segment, whatever its fate', () => {
		const data = { seq: CLIENT_ISN + 1, ack: SERVER_ISN + 1, length: 5 };
		const wire = handshake()
			.send(1, 'client', 'P.', { ...data, fate: 'dropped' })
			.send(1.2, 'client', 'P.', data)
			.send(1.6, 'client', 'P.', data);
		expect(retransmissionsOf(wire).slice(3)).toEqual([false, true, true]);
	});

	test('may have a part of an earlier segment, or the bytes of several', () => {
		const at = (seq: number, length: number) => ({ seq: CLIENT_ISN + seq, ack: SERVER_ISN + 1, length });
		const wire = handshake()
			.send(1, 'client', 'P.', at(1, 10))
			.send(2, 'client', 'P.', at(11, 10))
			.send(3, 'client', 'P.', at(1, 20))
			.send(4, 'client', 'P.', at(6, 5))
			// The last five are new.
			.send(5, 'client', 'P.', at(11, 15));
		expect(retransmissionsOf(wire).slice(3)).toEqual([false, false, true, true, false]);
	});

	test('may be a SYN or a FIN, which count as one byte', () => {
		const wire = new SimulatedWire()
			.send(0, 'client', 'S', { seq: CLIENT_ISN, fate: 'dropped' })
			.send(1, 'client', 'S', { seq: CLIENT_ISN })
			.send(1.1, 'server', 'S.', { seq: SERVER_ISN, ack: CLIENT_ISN + 1 })
			.send(2, 'client', 'F.', { seq: CLIENT_ISN + 1, ack: SERVER_ISN + 1 })
			.send(3, 'client', 'F.', { seq: CLIENT_ISN + 1, ack: SERVER_ISN + 1 });
		expect(retransmissionsOf(wire)).toEqual([false, true, false, false, true]);
	});

	test('is never an ACK without data', () => {
		const wire = handshake()
			.send(1, 'client', '.', { seq: CLIENT_ISN + 1, ack: SERVER_ISN + 1 })
			.send(2, 'client', '.', { seq: CLIENT_ISN + 1, ack: SERVER_ISN + 1 });
		expect(retransmissionsOf(wire)).not.toContain(true);
	});

	test('is recognized when the 32-bit numbers wrap around', () => {
		const data = { seq: 0xffff_fffe, ack: SERVER_ISN + 1, length: 10 };
		const wire = new SimulatedWire()
			.send(0, 'client', 'S', { seq: 0xffff_fffd })
			.send(1, 'client', 'P.', data)
			.send(2, 'client', 'P.', data)
			.send(3, 'client', 'P.', { ...data, seq: 8 });
		expect(retransmissionsOf(wire)).toEqual([false, false, true, false]);
	});
});
