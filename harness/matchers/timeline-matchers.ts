import { z } from 'zod';
import { HalfopenError } from '../errors.ts';
import type { Timeline } from '../lab/timeline-queries.ts';
import type { Impossibility } from '../lab/wait.ts';
import { deviations, gapsBetween } from '../tcp/gaps.ts';
import { type Span, spanSchema } from '../tcp/span.ts';
import { describeEvent } from '../timeline/describe.ts';
import { HOST_NAMES, type HostName, type MachineName, type PacketEvent } from '../timeline/events.ts';
import {
	assertAllLogged,
	assertAnyLogs,
	assertNeverBlind,
	assertSees,
	CAPTURES,
	LIST_OBSERVERS,
	SEGMENT_OBSERVERS,
} from '../timeline/observer-lost.ts';
import { nearestNames } from '../util/nearest.ts';
import { checked } from '../util/options.ts';
import { offFor } from './cannot-happen.ts';
import {
	expectEventually,
	expectSilence,
	failed,
	type SilenceOptions,
	type SilencePeriod,
	type WaitOptions,
} from './expecting.ts';
import {
	type CountedPattern,
	matchedUntil,
	matchSegments,
	type OneSegmentPattern,
	type ParsedPattern,
	packetsFor,
	parseCounted,
	parseOneSegment,
	parsePattern,
	type SegmentPattern,
} from './segment-pattern.ts';
import { lastActionOf } from './span-start.ts';
import { whenFinal } from './when-final.ts';

/** The fates that a packet of unknown fate may have had. */
const FATES = ['delivered', 'dropped', 'unobserved'] as const;

/** How many of the last packets a failure shows. */
const LAST_PACKETS = 8;

const gapsSchema = z.array(z.union([z.number().nonnegative(), spanSchema]));

/** The matchers of the timeline: which segments and ICMP messages were sent, and what became of them. */
export class TimelineExpectation {
	readonly #timeline: Timeline;

	constructor(timeline: Timeline) {
		this.#timeline = timeline;
	}

	/**
	 * Resolves when the segments on the wire since the start of the scenario are these, in this order, and no others.
	 * Each pattern is `[count] direction flags [length] [fate]`, for example `> S`, `< P. 6`, `6x > P. unobserved`,
	 * `1..3x > .`, `> F. dropped by lost-fin`. `>` is from client to server. Flags are written as in tcpdump. Without a
	 * fate, the segment must have been delivered. `...` stands for any number of any segments, or none. Forged segments
	 * (`< R forged`) and ICMP messages (`< icmp host-unreachable`) are considered only if one of the patterns is about
	 * them.
	 */
	async toShowSegments(...patterns: readonly SegmentPattern[]): Promise<void> {
		const { context } = this.#timeline;
		const parsed = patterns.map(parsePattern);
		for (const pattern of parsed) this.#assertFault(pattern);
		const what = `the segments ${patterns.join(' | ')}`;
		await context.flush();
		await expectEventually(
			context,
			{
				what,
				check: whenFinal(context, {
					find: () => {
						this.#assertComplete(what, HOST_NAMES);
						return matchSegments(this.#packets(...parsed), parsed) ? { t: 0 } : undefined;
					},
					isFinal: () => this.#packets(...parsed).every((packet) => context.history.isFinal(packet)),
					assertObservable: () => this.#assertFates(what, ...parsed),
				}),
				impossible: () => this.#leftPatterns(patterns, parsed),
				flush: context.flush,
				nearest: () => this.#timeline.packets.map(describeEvent),
			},
			{},
			() => ({ t: 0, what: 'the beginning of the scenario' }),
		);
	}

	/**
	 * Resolves if no segment that matches was delivered so far. With the fate `sent` (`< R sent`), none was sent at all.
	 * All observers are flushed first.
	 */
	async toShowNoSegment(pattern: OneSegmentPattern): Promise<void> {
		const { context } = this.#timeline;
		const unwanted = parseOneSegment(pattern);
		this.#assertFault(unwanted);
		await context.flush();
		const found = this.#finalMatches(unwanted);
		if (found.length > 0)
			throw failed(`Expected no segment ${pattern}, but there were ${found.length}`, found.map(describeEvent));
		this.#assertComplete(`whether there was a segment ${pattern}`, stoppersOf(unwanted));
		this.#assertFates(`whether there was a segment ${pattern}`, unwanted);
	}

	/**
	 * Resolves if the matching segment was sent once, and then again at exactly these times after the first, in ms, for
	 * example those of `synSchedule`. The gaps between them are compared as by `toShowGaps`. All observers are flushed
	 * first.
	 */
	async toRetransmit(pattern: OneSegmentPattern, afterMs: readonly number[]): Promise<void> {
		checked(z.array(z.number().nonnegative()), afterMs, `expect(timeline).toRetransmit("${pattern}"): its times`);
		const gaps = afterMs.map((ms, index) => ms - (afterMs[index - 1] ?? 0));
		await this.#assertGaps(pattern, gaps, `to be sent again after ${afterMs.join(', ') || 'no'} ms`);
	}

	/**
	 * Resolves if the matching segments were sent with exactly these gaps between them, so their number is one more than
	 * that of the gaps. Other segments may lie between. A number is a gap in ms as the kernel's formula gives it; it has
	 * the tolerance of `spanOf`. A span is compared as it is. All observers are flushed first.
	 */
	async toShowGaps(pattern: OneSegmentPattern, gaps: readonly (number | Span)[]): Promise<void> {
		checked(gapsSchema, gaps, `expect(timeline).toShowGaps("${pattern}"): its gaps`);
		await this.#assertGaps(pattern, gaps, `to be sent ${gaps.length + 1} times, at given intervals`);
	}

	/**
	 * Resolves when a matching segment was sent. With a count (`6x > P. 22`, `2..x > S`), resolves when there are that
	 * many, with any segments between, and rejects if there are more.
	 */
	async toShowSegment(pattern: CountedPattern, options: WaitOptions = {}): Promise<void> {
		const { context } = this.#timeline;
		const wanted = parseCounted(pattern);
		this.#assertFault(wanted);
		const { history } = context;
		const what = `a segment ${pattern}`;
		const isCounted = wanted.most !== Number.POSITIVE_INFINITY;
		const found = () => this.#packets(wanted).filter(wanted.fits);
		const isEnough = (count: number) => count >= wanted.least && count <= wanted.most;
		if (isCounted) await context.flush();
		await expectEventually(
			context,
			{
				what,
				check: whenFinal(context, {
					find: () => {
						const all = found();
						if (!isEnough(all.length)) return undefined;
						const final = all.filter((packet) => history.isFinal(packet));
						return { packets: isEnough(final.length) ? final : all, t: all[wanted.least - 1]?.t ?? 0 };
					},
					isFinal: ({ packets }) => wanted.fate === 'sent' || packets.every((packet) => history.isFinal(packet)),
					assertObservable: () => {
						this.#assertFates(what, wanted);
						if (CAPTURES.every((one) => history.coverage.openLoss(one))) assertSees(history, what, ...CAPTURES);
						if (wanted.fate === 'dropped') assertAnyLogs(history, what, this.#droppersOf(wanted));
					},
				}),
				impossible: () =>
					tooMany(this.#finalMatches(wanted), wanted) ?? this.#healed(wanted) ?? this.#senderOff(wanted),
				flush: context.flush,
				nearest: () => [
					`${found().length} such, among:`,
					...this.#timeline.packets.slice(-LAST_PACKETS).map(describeEvent),
				],
			},
			options,
			() => lastActionOf(context.history, wanted.host),
		);
		if (!isCounted) return;
		// More segments may have been sent that are not reported yet.
		await context.flush();
		const all = this.#finalMatches(wanted);
		if (!isEnough(all.length))
			throw failed(`Expected the segments ${pattern}, but there were ${all.length}`, all.map(describeEvent));
		this.#assertComplete(`how many segments ${pattern} there were`, stoppersOf(wanted));
		this.#assertFates(`how many segments ${pattern} there were`, wanted);
	}

	/**
	 * Resolves if no segment is sent within `forMs` from now on. With a pattern, no matching segment is delivered or,
	 * with the fate `sent`, sent in that time.
	 */
	async toStaySilent(silence: SilenceOptions, pattern?: OneSegmentPattern): Promise<void> {
		const { context } = this.#timeline;
		const unwanted = pattern === undefined ? parsePattern('...') : parseOneSegment(pattern);
		this.#assertFault(unwanted);
		const what = pattern === undefined ? 'no segment' : `no segment ${pattern}`;
		const flush = async () => {
			await context.flush();
			this.#assertComplete(what, pattern === undefined ? HOST_NAMES : stoppersOf(unwanted));
			this.#assertFates(what, unwanted);
		};
		const violations = ({ from, until }: SilencePeriod) =>
			this.#finalMatches(unwanted)
				.filter(({ t }) => t > from && t <= until)
				.map(describeEvent);
		await expectSilence(context, { what, violations, flush }, silence);
	}

	async #assertGaps(pattern: OneSegmentPattern, gaps: readonly (number | Span)[], how: string): Promise<void> {
		const { context } = this.#timeline;
		const wanted = parseOneSegment(pattern);
		this.#assertFault(wanted);
		await context.flush();
		this.#assertComplete(`when ${pattern} was sent`, stoppersOf(wanted));
		this.#assertFates(`when ${pattern} was sent`, wanted);
		const found = this.#finalMatches(wanted);
		const wrong = found.length === 0 ? ['it was never sent'] : deviations(gapsBetween(found), gaps);
		if (wrong.length > 0)
			throw failed(`Expected ${pattern} ${how}, but: ${wrong.join(', ')}`, found.map(describeEvent));
	}

	/** Throws FAULT_UNKNOWN if a pattern names a fault that does not exist: such a pattern could never match. */
	#assertFault({ by }: ParsedPattern): void {
		const { history } = this.#timeline.context;
		if (by === undefined || history.segments.some((segment) => segment.by === by)) return;
		const faults = history.of('fault').filter(({ what }) => what === 'packets' || what === 'link');
		// A router drops what it has no route for, without any fault.
		if (faults.some(({ id }) => id === by) || (history.isRouted && by === 'router')) return;
		const names = nearestNames(by, new Set(faults.map(({ id }) => id)));
		throw new HalfopenError('FAULT_UNKNOWN', {
			problem: `There is no fault “${by}” that drops packets.`,
			seen: names.length === 0 ? 'no fault was injected so far' : `nearest: ${names.join(', ')}`,
			remedy:
				'Correct the name in the pattern, or inject the fault first: drop, reject and link.cut have an option `name`.',
		});
	}

	/** Returns a reason if the sender's power is off. The other host's firewall may still forge segments of it. */
	#senderOff({ subject, host }: ParsedPattern): Impossibility | undefined {
		return subject === 'forged' || subject === 'injected' ? undefined : offFor(this.#timeline.context, host);
	}

	/** Returns a reason if the fault that the pattern names is healed: it drops nothing any more. */
	#healed({ by }: ParsedPattern): Impossibility | undefined {
		const healed = this.#timeline.context.history
			.of('fault')
			.findLast(({ id, phase }) => id === by && phase === 'healed');
		if (!healed) return undefined;
		return {
			why: `${by} was healed at ${healed.t.toFixed(3)} s${healed.proof === undefined ? '' : ` (${healed.proof})`}`,
			remedy: 'Expect the segment before the fault is healed, or check which packets it matched.',
		};
	}

	/** Returns a reason if the segments so far differ from the patterns: later segments cannot correct that. */
	#leftPatterns(patterns: readonly SegmentPattern[], parsed: readonly ParsedPattern[]): Impossibility | undefined {
		const { history } = this.#timeline.context;
		const all = this.#packets(...parsed);
		const open = all.findIndex((packet) => !history.isFinal(packet));
		const packets = open < 0 ? all : all.slice(0, open);
		const { packets: until, patterns: at } = matchedUntil(packets, parsed);
		const first = packets[until];
		if (first === undefined) return undefined;
		const expected = patterns[at] === undefined ? 'no segment was expected' : `“${patterns[at]}” was expected`;
		return {
			why:
				`after ${until} segments that match, ${expected}, but this one was sent: ` +
				`${describeEvent(first).trim().replace(/\s+/g, ' ')}`,
			remedy:
				'If what was seen is right, correct the pattern. "..." stands for any segments, "0..1x > ." for an ACK that ' +
				'may or may not be sent.',
		};
	}

	/**
	 * Throws OBSERVER_LOST if the list of segments may be incomplete: if a capture was lost at any time, or the firewall
	 * log of a host (`stoppers`) whose rules may have stopped segments before they left.
	 */
	#assertComplete(judged: string, stoppers: readonly HostName[]): void {
		const { history } = this.#timeline.context;
		assertNeverBlind(history, judged, ...LIST_OBSERVERS);
		assertAllLogged(history, judged, stoppers);
	}

	/** Returns the machine where the fault that a pattern names drops packets, or both hosts if it names none. */
	#droppersOf({ by }: ParsedPattern): readonly MachineName[] {
		const fault = this.#timeline.context.history.of('fault').find(({ id }) => id === by);
		if (by === 'router') return ['router'];
		return fault?.what === 'packets' || fault?.what === 'link' ? [fault.host] : HOST_NAMES;
	}

	/** Throws OBSERVER_LOST if a packet might match one of the patterns, but its fate is unknown. */
	#assertFates(judged: string, ...patterns: readonly ParsedPattern[]): void {
		const isLike = (packet: PacketEvent, { fits, by }: ParsedPattern) =>
			FATES.some((fate) => fits({ ...packet, fate, by }));
		const unknown = this.#packets(...patterns).filter(({ fate }) => fate === 'unknown');
		if (
			unknown.some((packet) =>
				patterns.some((pattern) => pattern.subject !== undefined && !pattern.fits(packet) && isLike(packet, pattern)),
			)
		) {
			assertNeverBlind(this.#timeline.context.history, judged, ...SEGMENT_OBSERVERS);
		}
	}

	/**
	 * Returns the packets that match a pattern and that no later report can change. After a flush, these are all that
	 * were sent before it.
	 */
	#finalMatches(pattern: ParsedPattern): readonly PacketEvent[] {
		const { history } = this.#timeline.context;
		return this.#packets(pattern).filter(
			(packet) => pattern.fits(packet) && (pattern.fate === 'sent' || history.isFinal(packet)),
		);
	}

	/** Returns the packets that the patterns are compared with. */
	#packets(...patterns: readonly ParsedPattern[]): readonly PacketEvent[] {
		return packetsFor(this.#timeline.packets, patterns);
	}
}

/** Returns the hosts whose firewall may have stopped a matching packet before any capture saw it. */
function stoppersOf({ fate, host }: ParsedPattern): readonly HostName[] {
	return fate === 'dropped' || fate === 'sent' ? [host] : [];
}

function tooMany(found: readonly PacketEvent[], { most }: ParsedPattern): Impossibility | undefined {
	if (found.length <= most) return undefined;
	return {
		why: `${found.length} were sent already`,
		remedy: 'Correct the count, or await the expectation before the others are sent.',
	};
}
