/** Packets that the relay on the wire took, copied or made. */
import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { emptyHistory, HISTORY_START, joinSegments, SimulatedWire } from './fixtures.ts';
import type { PacketObservation } from './packet-join.ts';
import type { Change, Passage } from './passage.ts';

/** A segment of the client's that was seen to leave at 1 s, and what was observed of it at other times. */
function sentAtOne(flags = 'P.', length = 3) {
	const [left] = new SimulatedWire().send(1, 'client', flags, { length, fate: 'unobserved' }).observations;
	const { packet } = left as PacketObservation;
	const seen = (t: number, more: Pick<PacketObservation, 'host' | 'what' | 'passage'>): PacketObservation => ({
		boot: 1,
		packet: { ...packet, t: HISTORY_START + t },
		...more,
	});
	return {
		left: left as PacketObservation,
		relayed: (t: number, passage: Passage) => seen(t, { host: 'wire', what: 'relayed', passage }),
		arrived: (t: number) => seen(t, { host: 'server', what: 'arrived' }),
	};
}

const at = (t: number) => HISTORY_START + t;
const held = (t: number, until?: number): Change => ({
	by: 'hold-1',
	what: 'held',
	t: at(t),
	...(until !== undefined && { until: at(until) }),
});

test('held and released: it left at one time, was kept, and arrived at another', () => {
	const { left, relayed, arrived } = sentAtOne();
	const passage: Passage = { kind: 'relayed', changes: [held(1.1, 5)], sent: at(5) };
	const [segment, ...others] = joinSegments([left, relayed(1.1, passage), arrived(5.1)], emptyHistory());
	expect(others).toEqual([]);
	expect(segment).toMatchObject({
		t: 1,
		fate: 'delivered',
		arrived: 5.1,
		changes: [{ by: 'hold-1', what: 'held', t: 1.1, until: 5 }],
	});
});

test('held and not released: its fate is not final, however long it takes, and nobody waits for it', () => {
	const { left, relayed } = sentAtOne();
	const history = emptyHistory();
	history.observe(left);
	const passage: Passage = { kind: 'relayed', changes: [held(1.1)] };
	history.observe(relayed(1.1, passage));
	const [segment] = history.segments;
	expect(segment).toMatchObject({ fate: 'unobserved', changes: [{ by: 'hold-1', what: 'held', t: 1.1 }] });
	expect(segment && history.isFinal(segment)).toBe(false);
	expect(history.hasOpenFateBefore(1_000)).toBe(false);

	// Then it goes on, and its fate is waited for from that time on.
	(passage.changes[0] as Change).until = at(2_000);
	passage.sent = at(2_000);
	history.started({ observer: 'capture', host: 'server' }, 0);
	history.passageChanged(passage);
	expect(history.hasOpenFateBefore(3_000)).toBe(true);
	history.markComplete({ observer: 'capture', host: 'server' }, 2_000.2);
	expect(history.hasOpenFateBefore(3_000)).toBe(false);
});

test('corrupted: the receiver discards it, so the fault has dropped it, although it arrived', () => {
	const { left, relayed, arrived } = sentAtOne();
	const changes = [{ by: 'corrupt-1', what: 'corrupted' as const, t: at(1.1) }];
	const passage: Passage = { kind: 'relayed', changes, sent: at(1.1) };
	const [segment] = joinSegments([left, relayed(1.1, passage), arrived(1.2)], emptyHistory());
	expect(segment).toMatchObject({
		fate: 'dropped',
		by: 'corrupt-1',
		arrived: 1.2,
		changes: [{ by: 'corrupt-1', what: 'corrupted', t: 1.1 }],
	});
});

test('dropped by the relay: it arrives nowhere', () => {
	const { left, relayed } = sentAtOne();
	const passage: Passage = { kind: 'relayed', changes: [], lostBy: 'rate-1' };
	const [segment] = joinSegments([left, relayed(1.1, passage)], emptyHistory());
	expect(segment).toMatchObject({ fate: 'dropped', by: 'rate-1' });
	expect(segment).not.toHaveProperty('changes');
});

test('copied: one segment with a copy, not two segments', () => {
	const { left, relayed, arrived } = sentAtOne();
	const passage: Passage = { kind: 'copied', changes: [], by: 'duplicate-1', sent: at(1.3) };
	const observations = [left, arrived(1.1), relayed(1.2, passage), arrived(1.4)];
	const [segment, ...others] = joinSegments(observations, emptyHistory());
	expect(others).toEqual([]);
	expect(segment).toMatchObject({
		fate: 'delivered',
		arrived: 1.1,
		changes: [{ by: 'duplicate-1', what: 'duplicated', t: 1.2, arrived: 1.4 }],
		retransmission: false,
	});
});

test('taken and duplicated: both go on from the wire', () => {
	const { left, relayed, arrived } = sentAtOne();
	const original: Passage = { kind: 'relayed', changes: [held(1.1, 2)], sent: at(2) };
	const copy: Passage = { kind: 'relayed', original, by: 'duplicate-1', changes: [held(1.1, 3)], sent: at(3) };
	const observations = [left, relayed(1.1, original), relayed(1.11, copy), arrived(2.1), arrived(3.1)];
	const [segment, ...others] = joinSegments(observations, emptyHistory());
	expect(others).toEqual([]);
	expect(segment).toMatchObject({
		arrived: 2.1,
		changes: [
			{ by: 'hold-1', what: 'held', t: 1.1, until: 2 },
			{ by: 'duplicate-1', what: 'duplicated', t: 1.11, arrived: 3.1 },
		],
	});
});

test('injected: it has no sender, and changes neither numbers nor what is a retransmission', () => {
	const { left, relayed, arrived } = sentAtOne();
	const passage: Passage = { kind: 'injected', changes: [], by: 'inject-1', sent: at(0.5) };
	// The same segment, once by a third party, then by the host.
	const [injected, sent] = joinSegments([relayed(0.5, passage), arrived(0.6), left, arrived(1.1)], emptyHistory());
	expect(injected).toMatchObject({ t: 0.5, host: 'client', origin: 'injected', fate: 'delivered', arrived: 0.6 });
	expect(sent).toMatchObject({ t: 1, host: 'client', fate: 'delivered', arrived: 1.1, retransmission: false });
	expect(sent).not.toHaveProperty('origin');
});

test('the order of observations does not change the result', () => {
	const { left, relayed, arrived } = sentAtOne('R', 0);
	const first: Passage = { kind: 'relayed', changes: [held(1.1, 4)], sent: at(4) };
	const copy: Passage = { kind: 'copied', changes: [], by: 'duplicate-1', sent: at(2.2) };
	const later = { ...left, packet: { ...left.packet, t: at(2) } };
	const observations = [
		...[left, relayed(1.1, first), later, arrived(2.1), relayed(2.15, copy)],
		...[arrived(2.3), arrived(4.1)],
	];
	const expected = joinSegments(observations, emptyHistory());
	expect(expected).toMatchObject([
		{ t: 1, arrived: 4.1, changes: [{ what: 'held' }] },
		{ t: 2, arrived: 2.1, changes: [{ what: 'duplicated', arrived: 2.3 }] },
	]);
	const shuffled = fc.shuffledSubarray(observations, { minLength: observations.length });
	fc.assert(
		fc.property(shuffled, (inAnyOrder) => {
			expect(joinSegments(inAnyOrder, emptyHistory())).toEqual(expected);
		}),
	);
});
