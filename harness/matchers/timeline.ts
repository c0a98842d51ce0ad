import { describeEvent } from '../timeline/describe.ts';
import type { Timeline } from '../timeline.ts';
import { matchSegments, type OneSegmentPattern, parseOneSegment, parsePattern, parseUnwanted, type SegmentPattern } from './segment-pattern.ts';
import { expectEventually, JIFFY_MS, type Patience } from './waiting.ts';

/** How much later than the kernel meant it a busy machine may run a timer. */
const BUSY_MS = 500;

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

	/** No segment like this was sent so far, whatever became of it unless a fate is named; all observers are asked first. */
	async toShowNoSegment(pattern: OneSegmentPattern): Promise<void> {
		const { context } = this.#timeline;
		const fits = parseUnwanted(pattern);
		await context.flush();
		const found = this.#timeline.segments().filter(fits);
		if (found.length > 0)
			throw new Error([`Expected no segment ${pattern}, but there were ${found.length}:`, ...found.map(describeEvent)].join('\n'));
	}

	/**
	 * Segments like this one were sent once, then again at these times after the first, in ms, and at no others. No gap may be shorter than the
	 * formula's; the timer wheel makes it up to an eighth longer (kernel/time/timer.c), a busy machine a little more. All observers are asked first.
	 */
	async toRetransmit(pattern: OneSegmentPattern, afterMs: readonly number[]): Promise<void> {
		const { context } = this.#timeline;
		const fits = parseOneSegment(pattern);
		await context.flush();
		const found = this.#timeline.segments().filter(fits);
		const sent = found.map(({ t }) => (t - (found[0]?.t ?? 0)) * 1_000);
		const model = [0, ...afterMs];
		const gap = (times: readonly number[], index: number) => (times[index] ?? Number.NaN) - (times[index - 1] ?? 0);
		const keeps = (_: number, index: number) =>
			index === 0 || (gap(sent, index) >= gap(model, index) - JIFFY_MS && gap(sent, index) <= gap(model, index) * 1.125 + BUSY_MS);
		if (sent.length === model.length && model.every(keeps)) return;
		const times = sent.slice(1).map((ms) => ms.toFixed(0));
		throw new Error(
			`Expected ${pattern} to be sent again after ${afterMs.join(', ')} ms, but it was ${found.length === 0 ? 'never sent' : `after ${times.join(', ') || 'no time'} ms`}:\n${found.map(describeEvent).join('\n')}`,
		);
	}

	/** Waits until such a segment was sent. */
	async toShowSegment(pattern: OneSegmentPattern, patience: Patience = {}): Promise<void> {
		const { context } = this.#timeline;
		const fits = parseOneSegment(pattern);
		await expectEventually(
			context,
			{
				what: `a segment ${pattern}`,
				check: () => this.#timeline.segments().find(fits),
				nearest: () => this.#timeline.segments().slice(-8).map(describeEvent),
			},
			patience,
		);
	}
}
