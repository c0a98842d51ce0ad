import { describe, expect, test } from '@jest/globals';
import { fakeContext } from '../fixtures.ts';
import { SimulatedWire, stateEvent } from '../timeline/fixtures.ts';
import { Timeline } from './timeline-queries.ts';

function timelineOf(wire: SimulatedWire): Timeline {
	const context = fakeContext();
	for (const observation of wire.observations) context.history.observe(observation);
	return new Timeline(context);
}

describe('probes', () => {
	const handshake = () =>
		new SimulatedWire()
			.send(0, 'client', 'S', { seq: 1_000 })
			.send(0.1, 'server', 'S.', { seq: 5_000, ack: 1_001 })
			.send(0.2, 'client', '.', { seq: 1_001, ack: 5_001 });

	test('have a sequence number one before the next, and no data', () => {
		const timeline = timelineOf(
			handshake()
				.send(1, 'client', 'P.', { seq: 1_001, ack: 5_001, length: 10 })
				.send(1.1, 'server', '.', { seq: 5_001, ack: 1_011 })
				.send(2, 'client', '.', { seq: 1_010, ack: 5_001 })
				.send(2.1, 'server', '.', { seq: 5_001, ack: 1_011 })
				.send(4, 'client', '.', { seq: 1_010, ack: 5_001, fate: 'dropped' }),
		);
		expect(timeline.probes('client').map(({ t, fate }) => [t, fate])).toEqual([
			[2, 'delivered'],
			[4, 'dropped'],
		]);
		expect(timeline.probes('server')).toEqual([]);
	});

	test('can be keepalive probes of a connection without any data', () => {
		expect(timelineOf(handshake().send(5, 'client', '.', { seq: 1_000, ack: 5_001 })).probes('client')).toHaveLength(1);
	});

	test('are not acknowledgements, retransmissions or segments of another connection', () => {
		const timeline = timelineOf(
			handshake()
				.send(1, 'client', 'P.', { seq: 1_001, ack: 5_001, length: 1 })
				.send(1.2, 'client', 'P.', { seq: 1_001, ack: 5_001, length: 1 })
				.send(1.3, 'client', '.', { seq: 1_002, ack: 5_001 })
				.send(2, 'client', '.', { seq: 1_001, ack: 5_001, clientPort: 50_001 }),
		);
		expect(timeline.probes('client')).toEqual([]);
	});
});

describe('the time in a state', () => {
	const timelineWith = (...events: readonly ReturnType<typeof stateEvent>[]) => {
		const context = fakeContext();
		for (const event of events) context.history.add(event);
		return new Timeline(context);
	};
	const sampled = { how: 'sampled' } as const;

	test('begins at the traced change', () => {
		const timeline = timelineWith(
			stateEvent(1, 'client', 'ESTAB', 'CLOSE-WAIT'),
			stateEvent(4, 'client', 'CLOSE-WAIT', 'LAST-ACK'),
		);
		expect(timeline.timeIn('client', 'CLOSE-WAIT')).toBe(3);
	});

	test('of TIME-WAIT begins when the kernel has traced CLOSED, not at the later sample that shows TIME-WAIT', () => {
		const timeline = timelineWith(
			stateEvent(1, 'client', 'FIN-WAIT-2', 'CLOSED'),
			stateEvent(3, 'client', 'CLOSED', 'TIME-WAIT', sampled),
			stateEvent(61, 'client', 'TIME-WAIT', 'CLOSED', sampled),
		);
		expect(timeline.timeIn('client', 'TIME-WAIT')).toBe(60);
	});

	test('begins at the sample if there is no traced change', () => {
		const timeline = timelineWith(
			stateEvent(3, 'client', 'FIN-WAIT-2', 'TIME-WAIT', sampled),
			stateEvent(61, 'client', 'TIME-WAIT', 'CLOSED', sampled),
		);
		expect(timeline.timeIn('client', 'TIME-WAIT')).toBe(58);
	});

	test('is undefined while the socket is in the state', () => {
		expect(timelineWith(stateEvent(1, 'client', 'ESTAB', 'CLOSE-WAIT')).timeIn('client', 'CLOSE-WAIT')).toBeUndefined();
	});
});
