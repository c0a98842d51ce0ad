import { describeEvent } from '../timeline/describe.ts';
import type { Timeline } from '../timeline.ts';
import { matchSegments, parsePattern, type SegmentPattern } from './segment-pattern.ts';
import { expectEventually, type Patience } from './waiting.ts';

/** What can be expected of the history of both hosts. */
export class TimelineExpectation {
	readonly #timeline: Timeline;

	constructor(timeline: Timeline) {
		this.#timeline = timeline;
	}

	/**
	 * These segments were on the wire, in this order and no others. Each pattern is `[count] direction flags [length] [fate]`: `> S`,
	 * `< P. 6`, `6x > P. unobserved`, `1..3x > . `, `> F. dropped by lost-fin`; `>` is from client to server, flags are tcpdump's, and a segment was delivered
	 * unless said otherwise. `...` stands for any segments, or none.
	 */
	async toShowSegments(...patterns: readonly SegmentPattern[]): Promise<void> {
		const { context } = this.#timeline;
		const parsed = patterns.map(parsePattern);
		await context.flush();
		await expectEventually(
			context,
			{
				what: `the segments ${patterns.join(' | ')}`,
				check: () => (matchSegments(this.#timeline.segments(), parsed) ? { t: 0 } : undefined),
				nearest: () => this.#timeline.segments().map(describeEvent),
			},
			{},
		);
	}

	/** No segment like this was on the wire so far; all observers are asked first. */
	async toShowNoSegment(pattern: SegmentPattern): Promise<void> {
		const { context } = this.#timeline;
		await context.flush();
		const parsed = parsePattern(pattern);
		const found = this.#timeline.segments().filter((segment) => matchSegments([segment], [parsed]));
		if (found.length > 0)
			throw new Error([`Expected no segment ${pattern}, but there were ${found.length}:`, ...found.map(describeEvent)].join('\n'));
	}

	/** Waits until such a segment was sent. */
	async toShowSegment(pattern: SegmentPattern, patience: Patience = {}): Promise<void> {
		const { context } = this.#timeline;
		const parsed = parsePattern(pattern);
		await expectEventually(
			context,
			{
				what: `a segment ${pattern}`,
				check: () => this.#timeline.segments().find((segment) => matchSegments([segment], [parsed])),
				nearest: () => this.#timeline.segments().slice(-8).map(describeEvent),
			},
			patience,
		);
	}
}
