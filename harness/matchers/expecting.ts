import { z } from 'zod';
import { HalfopenError } from '../errors.ts';
import type { LabContext } from '../lab/context.ts';
import { type Condition, waitAtMost, waitFor } from '../lab/wait.ts';
import { type Span, spanSchema } from '../tcp/span.ts';
import { checked } from '../util/options.ts';
import type { SpanStart } from './span-start.ts';

/** The limit for events that no kernel timer delays. It only allows for a busy machine. */
const IMMEDIATE_LIMIT_MS = 15_000;

/**
 * The longest jiffy. The kernel counts most of its timers in jiffies, which are coarser than the clocks of the history
 * (HZ is at least 100).
 */
const JIFFY_MS = 10;

/** The options of an expectation that waits. */
export interface WaitOptions {
	/**
	 * The time after which the event is due, by one of the kernel's formulas. The expectation fails with TOO_EARLY if the
	 * event happens before the lower bound, counted from `since`, and with LIMIT_PASSED if the upper bound, counted from
	 * now, passes without it. Default: it may happen at once and at most 15 s from now.
	 */
	readonly after?: Span;
	/**
	 * The time from which the lower bound of `after` counts, in seconds of the timeline. Default: the last action of the
	 * spec on the host or peer of the expectation, which is a fault, typed text, a signal, a start, or a call of a
	 * controlled socket that connects, sends, closes or sets an option.
	 */
	readonly since?: number;
}

const waitOptionsSchema = z.strictObject({
	after: spanSchema.optional(),
	since: z.number().optional(),
}) satisfies z.ZodObject<Record<keyof WaitOptions, z.ZodType>>;

/** The options of an expectation that something does not happen. */
export interface SilenceOptions {
	/** For how many milliseconds of the lab's clock it must not happen, from now on. */
	readonly forMs: number;
}

/** The period in which something must not happen, in seconds of the history. */
export interface SilencePeriod {
	/** The time of the expectation. */
	readonly from: number;
	/** The end of the first flush, when the observers had reported everything that happened before `from`. */
	readonly flushedAt: number;
	readonly until: number;
}

const silenceSchema = z.strictObject({ forMs: z.number().positive() }) satisfies z.ZodType<SilenceOptions>;

/**
 * Waits until the condition of an expectation is met, and checks `after`. A failure has the stack of the spec.
 *
 * @param defaultStart returns the start of `after` if the options have no `since`; called at once
 */
export async function expectEventually<T extends { readonly t: number }>(
	context: LabContext,
	condition: Omit<Condition<T>, 'limitMs'>,
	options: WaitOptions,
	defaultStart: () => SpanStart,
): Promise<T> {
	return expecting(context, condition.what, async () => {
		const { after, since } = checked(waitOptionsSchema, options, condition.what);
		const start = since === undefined ? defaultStart() : { t: since, what: 'since' };
		const found = await waitFor(context, { ...condition, limitMs: after?.atMostMs ?? IMMEDIATE_LIMIT_MS });
		const tookMs = (found.t - start.t) * 1_000;
		if (after && tookMs < after.atLeastMs - JIFFY_MS) throw tooEarly(condition.what, tookMs, after, start);
		return found;
	});
}

/**
 * Expects that something does not happen for the given time. The time begins with this call, before the first flush, so
 * actions of the spec during that flush count. Flushes again at the end.
 *
 * `violations` returns descriptions of what happened in the period although it must not. `flush` flushes the observers
 * that would report it, and throws if one of them is lost.
 */
export async function expectSilence(
	context: LabContext,
	{
		what,
		violations,
		flush,
	}: {
		readonly what: string;
		readonly violations: (period: SilencePeriod) => readonly string[];
		readonly flush: () => Promise<void>;
	},
	silence: SilenceOptions,
): Promise<void> {
	await expecting(context, what, async () => {
		const { forMs } = checked(silenceSchema, silence, what);
		const now = () => context.history.at(context.clock.now());
		const from = now();
		await flush();
		const period = { from, flushedAt: now(), until: from + forMs / 1_000 };
		const check = () => {
			const seen = violations(period);
			return seen.length > 0 ? seen : undefined;
		};
		let seen = await waitAtMost(context, { what: `${what} for ${forMs / 1_000} s`, limitMs: forMs, check });
		if (seen === undefined) {
			await flush();
			seen = check();
		}
		if (seen) throw failed(`Expected ${what} for ${forMs / 1_000} s, but that did not hold`, seen);
	});
}

/** Returns the error for an expectation that was not met and has nothing to wait for. */
export function failed(
	problem: string,
	seen: readonly string[],
	remedy = 'If what was seen is right, correct the expectation.',
): HalfopenError {
	return new HalfopenError('EXPECTATION_FAILED', {
		problem: `${problem}.`,
		seen: seen.length > 0 ? seen.join('\n') : undefined,
		remedy,
	});
}

function tooEarly(what: string, tookMs: number, { atLeastMs }: Span, { t, what: action }: SpanStart): HalfopenError {
	return new HalfopenError('TOO_EARLY', {
		problem: `Expected ${what} not before ${atLeastMs} ms, but it came after ${tookMs.toFixed(1)} ms.`,
		seen: `counted from ${t.toFixed(3)} s: ${action}`,
		remedy:
			'If something else started the timer, give its time in seconds of the timeline: { after: …, since: … }, e.g. ' +
			'since: timeline.lastReceived("client", 8080), or the t of a segment, or event.t of a call.',
	});
}

/** Runs an expectation. It is pending until it settles. An error gets the stack of the spec. */
export async function expecting<T>({ pending }: LabContext, what: string, work: () => Promise<T>): Promise<T> {
	// Captured before the first wait, while the spec is on the stack.
	const place = { stack: '' };
	Error.captureStackTrace(place, expecting);
	pending.add(what);
	try {
		return await work();
	} catch (error) {
		throw withSpecStack(place, error);
	} finally {
		pending.delete(what);
	}
}

/**
 * Gives an error the stack of the expectation without the frames of the matchers, so that it begins with the spec's
 * line.
 */
function withSpecStack(place: { readonly stack: string }, error: unknown): unknown {
	const frames = place.stack
		.split('\n')
		.filter(
			(line) => line.startsWith('    at ') && !/\/harness\/(matchers\/|lab\/wait\.ts|util\/options\.ts)/.test(line),
		);
	if (error instanceof Error) error.stack = [`${error.name}: ${error.message}`, ...frames].join('\n');
	return error;
}
