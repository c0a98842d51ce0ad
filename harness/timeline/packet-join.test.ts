import { describe, expect, test } from '@jest/globals';
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
	TRAVEL,
} from './fixtures.ts';

describe('the fate of a segment', () => {
	test('seen leaving and arriving: delivered, with the time of its sender’s capture', () => {
		const [segment] = join(new SimulatedWire().send(0.5, 'client', 'S', { seq: CLIENT_ISN }));
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
			absolute: { seq: CLIENT_ISN, ack: 0 },
		});
	});

	test('logged by the receiver’s firewall: dropped by that fault, although the capture saw it arrive', () => {
		const [segment, ...others] = join(new SimulatedWire().send(0, 'client', 'S', { fate: 'dropped' }));
		expect(segment).toMatchObject({ host: 'client', fate: 'dropped', by: 'drop-1', arrived: TRAVEL });
		expect(others).toEqual([]);
	});

	test('logged on the wire: dropped by that fault, and it arrived nowhere', () => {
		const [segment, ...others] = join(new SimulatedWire().send(0, 'client', 'S', { fate: 'cut' }));
		expect(segment).toMatchObject({ host: 'client', fate: 'dropped', by: 'cut-1' });
		expect(segment).not.toHaveProperty('arrived');
		expect(others).toEqual([]);
	});

	test('seen leaving only: unobserved', () => {
		const [segment] = join(new SimulatedWire().send(0, 'server', 'R', { fate: 'unobserved' }));
		expect(segment).toMatchObject({ host: 'server', fate: 'unobserved' });
		expect(segment).not.toHaveProperty('arrived');
	});

	test('logged by the sender’s own firewall, before any capture: dropped there', () => {
		const [segment] = join(new SimulatedWire().send(0.25, 'client', 'S', { fate: 'stopped' }));
		expect(segment).toMatchObject({ t: 0.25, host: 'client', fate: 'dropped', by: 'drop-1' });
		expect(segment).not.toHaveProperty('arrived');
	});

	test('seen only arriving, because the sender’s capture did not run: delivered, and attributed to the sender', () => {
		const { observations } = new SimulatedWire().send(0, 'client', 'S');
		const segments = joinSegments(
			observations.filter(({ what }) => what === 'arrived'),
			emptyHistory(),
		);
		expect(segments).toMatchObject([{ host: 'client', fate: 'delivered' }]);
		// Its `t` is the time of arrival, because no capture saw it leave.
		expect(segments[0]).not.toHaveProperty('arrived');
	});

	test('seen arriving a moment before it left, because two CPUs have different clocks: one segment', () => {
		const { observations } = new SimulatedWire().send(0.5, 'client', 'S');
		const early = observations.map((one) =>
			one.what === 'arrived' ? { ...one, packet: { ...one.packet, t: one.packet.t - 2 * TRAVEL } } : one,
		);
		expect(joinSegments(early, emptyHistory())).toMatchObject([{ t: 0.5, fate: 'delivered', arrived: 0.5 - TRAVEL }]);
	});

	test('segments that differ only in their IP identification are different segments', () => {
		const data = { seq: CLIENT_ISN + 1, ack: SERVER_ISN + 1, length: 5 };
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

	test('segments that differ only in their timestamp are different segments', () => {
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

	test('of identical segments, the first that left is the first that arrived', () => {
		// A RST has IP identification 0 and no timestamp.
		const reset = { seq: CLIENT_ISN, ipId: 0 };
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

	test('identical segments of two connections are different segments', () => {
		const wire = new SimulatedWire()
			.send(1, 'client', 'R', { ipId: 0, fate: 'unobserved' })
			.send(2, 'client', 'R', { ipId: 0, clientPort: CLIENT.port + 1 });
		expect(join(wire).map(({ fate }) => fate)).toEqual(['unobserved', 'delivered']);
	});
});

describe('an unknown fate', () => {
	test('is the result if the receiver’s firewall log or capture had ended, until it recovers', () => {
		const history = emptyHistory();
		const wire = handshake()
			.send(1, 'client', 'P.', { seq: CLIENT_ISN + 1, ack: SERVER_ISN + 1, length: 5 })
			.send(2, 'client', 'P.', { seq: CLIENT_ISN + 6, ack: SERVER_ISN + 1, length: 5, fate: 'unobserved' })
			.send(3, 'client', 'P.', { seq: CLIENT_ISN + 6, ack: SERVER_ISN + 1, length: 5 })
			.send(4, 'client', 'P.', { seq: CLIENT_ISN + 11, ack: SERVER_ISN + 1, length: 5, fate: 'dropped' });
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
