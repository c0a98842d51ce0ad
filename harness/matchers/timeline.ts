import { assertNeverBlind, assertSees, CAPTURES, SEGMENT_OBSERVERS } from '../observer-lost.ts';
import { deviations, gapsBetween } from '../tcp.ts';
import { describeEvent } from '../timeline/describe.ts';
import type { EventOf } from '../timeline/events.ts';
import type { Timeline } from '../timeline.ts';
import { certain } from './certain.ts';
import {
	matchSegments,
	type OneSegmentPattern,
	type ParsedPattern,
	packetsFor,
	parseOneSegment,
	parsePattern,
	parseUnwanted,
	type SegmentPattern,
} from './segment-pattern.ts';
import { expectEventually, type Patience } from './waiting.ts';

/** What a pattern may say of a packet whose fate is unknown. */
const FATES = ['delivered', 'dropped', 'unobserved'] as const;

/** What can be expected of the history of both hosts. */
export class TimelineExpectation {
	readonly #timeline: Timeline;

	constructor(timeline: Timeline) {
		this.#timeline = timeline;
	}

	/**
	 * These segments were on the wire, in this order and no others. Each pattern is `[count] direction flags [length] [fate]`: `> S`,
	 * `< P. 6`, `6x > P. unobserved`, `1..3x > . `, `> F. dropped by lost-fin`; `>` is from client to server, flags are tcpdump's, and a segment was delivered
	 * unless said otherwise. `...` stands for any segments, or none. What a firewall forged (`< R forged`) and ICMP (`< icmp host-unreachable`) count
	 * only if one of the patterns names such.
	 */
	async toShowSegments(...patterns: readonly SegmentPattern[]): Promise<void> {
		const { context } = this.#timeline;
		const parsed = patterns.map(parsePattern);
		const what = `the segments ${patterns.join(' | ')}`;
		await context.flush();
		await expectEventually(
			context,
			{
				what,
				check: certain(context, {
					find: () => {
						this.#assertComplete(what);
						return matchSegments(this.#packets(...parsed), parsed) ? { t: 0 } : undefined;
					},
					isSettled: () => this.#packets(...parsed).every((packet) => context.history.isSettled(packet)),
					assertHope: () => this.#assertFates(what, ...parsed),
				}),
				nearest: () => this.#timeline.packets.map(describeEvent),
			},
			{},
		);
	}

	/** No segment like this was sent so far, whatever became of it unless a fate is named; all observers are asked first. */
	async toShowNoSegment(pattern: OneSegmentPattern): Promise<void> {
		const { context } = this.#timeline;
		const unwanted = parseUnwanted(pattern);
		await context.flush();
		const found = this.#packets(unwanted).filter(unwanted.fits);
		if (found.length > 0)
			throw new Error([`Expected no segment ${pattern}, but there were ${found.length}:`, ...found.map(describeEvent)].join('\n'));
		this.#assertComplete(`whether there was a segment ${pattern}`);
		this.#assertFates(`whether there was a segment ${pattern}`, unwanted);
	}

	/**
	 * Segments like this one were sent once, then again at these times after the first, in ms, and at no others, as far as `deviations` is strict.
	 * All observers are asked first.
	 */
	async toRetransmit(pattern: OneSegmentPattern, afterMs: readonly number[]): Promise<void> {
		const { context } = this.#timeline;
		const wanted = parseOneSegment(pattern);
		await context.flush();
		this.#assertComplete(`when ${pattern} was sent`);
		this.#assertFates(`when ${pattern} was sent`, wanted);
		const found = this.#packets(wanted).filter(wanted.fits);
		const gaps = afterMs.map((ms, index) => ms - (afterMs[index - 1] ?? 0));
		const wrong = found.length === 0 ? ['it was never sent'] : deviations(gapsBetween(found), gaps);
		if (wrong.length === 0) return;
		const expected = `Expected ${pattern} to be sent again after ${afterMs.join(', ') || 'no'} ms, but: ${wrong.join(', ')}`;
		throw new Error([expected, ...found.map(describeEvent)].join('\n'));
	}

	/** Waits until such a segment was sent. */
	async toShowSegment(pattern: OneSegmentPattern, patience: Patience = {}): Promise<void> {
		const { context } = this.#timeline;
		const { history } = context;
		const wanted = parseOneSegment(pattern);
		const what = `a segment ${pattern}`;
		await expectEventually(
			context,
			{
				what,
				check: certain(context, {
					find: () => {
						const found = this.#packets(wanted).filter(wanted.fits);
						return found.find((packet) => history.isSettled(packet)) ?? found[0];
					},
					isSettled: (packet) => history.isSettled(packet),
					assertHope: () => {
						this.#assertFates(what, wanted);
						if (CAPTURES.every((one) => history.knowledge.lostForGood(one))) assertSees(history, what, ...CAPTURES);
					},
				}),
				nearest: () => this.#timeline.packets.slice(-8).map(describeEvent),
			},
			patience,
		);
	}

	/** A list of segments is complete only where no capture has been blind. */
	#assertComplete(judged: string): void {
		assertNeverBlind(this.#timeline.context.history, judged, ...CAPTURES);
	}

	/** Fails where a packet may be what one of the patterns is about, and nobody knows what became of it. */
	#assertFates(judged: string, ...patterns: readonly ParsedPattern[]): void {
		const isLike = (packet: EventOf<'segment'> | EventOf<'icmp'>, { fits, by }: ParsedPattern) => FATES.some((fate) => fits({ ...packet, fate, by }));
		const unknown = this.#packets(...patterns).filter(({ fate }) => fate === 'unknown');
		if (unknown.some((packet) => patterns.some((pattern) => pattern.subject !== undefined && !pattern.fits(packet) && isLike(packet, pattern)))) {
			assertNeverBlind(this.#timeline.context.history, judged, ...SEGMENT_OBSERVERS);
		}
	}

	/** What patterns are held against. */
	#packets(...patterns: readonly ParsedPattern[]): readonly (EventOf<'segment'> | EventOf<'icmp'>)[] {
		return packetsFor(this.#timeline.packets, patterns);
	}
}
