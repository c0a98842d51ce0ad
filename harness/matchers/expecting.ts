import { z } from 'zod';
import { HalfopenError } from '../errors.ts';
import type { LabContext } from '../lab/context.ts';
import { type Wait, waitAtMost, waitFor } from '../lab/wait.ts';
import { type Span, spanSchema } from '../tcp/span.ts';
import { checked } from '../util/options.ts';
import type { SpanStart } from './span-start.ts';

/** For what no timer of the kernel delays: only how busy the machine is. */
const IMMEDIATE_LIMIT_MS = 15_000;

/**
 * The kernel counts most of its timers in jiffies, which are coarser than the clocks of the history (HZ is at least
 * 100).
 */
const JIFFY_MS = 10;

/** How long an expectation may wait. */
export interface WaitOptions {
	/**
	 * What the kernel's formula says: not before its lower bound, counted from `since`, and no later than its upper bound
	 * from now.
	 */
	readonly after?: Span;
	/**
	 * In seconds of the history; without it, the last thing that the spec did to the host or peer that the expectation is
	 * about: a fault, typed text, a signal, a start, or a call of a controlled socket that sends, connects, closes or
	 * sets an option.
	 */
	readonly since?: number;
}

const waitOptionsSchema = z.strictObject({
	after: spanSchema.optional(),
	since: z.number().optional(),
}) satisfies z.ZodObject<Record<keyof WaitOptions, z.ZodType>>;

/** For what must not happen: how long it must not, by the lab's clock. */
export interface SilenceOptions {
	readonly forMs: number;
}

/** The time of a silence, in seconds of the history. */
export interface SilencePeriod {
	/** When the spec asked for it. */
	readonly from: number;
	/** By then the observers had told all that was before `from`. */
	readonly flushedAt: number;
	readonly until: number;
}

const silenceSchema = z.strictObject({ forMs: z.number().positive() }) satisfies z.ZodType<SilenceOptions>;

/**
 * Waits for what an expectation is about, and points its failure at the line of the spec. `origin` is called at once.
 */
export async function expectEventually<T extends { readonly t: number }>(
	context: LabContext,
	wait: Omit<Wait<T>, 'limitMs'>,
	options: WaitOptions,
	origin: () => SpanStart,
): Promise<T> {
	return expecting(context, wait.what, async () => {
		const { after, since } = checked(waitOptionsSchema, options, wait.what);
		const counted = since === undefined ? origin() : { t: since, what: 'since' };
		const found = await waitFor(context, { ...wait, limitMs: after?.atMostMs ?? IMMEDIATE_LIMIT_MS });
		const tookMs = (found.t - counted.t) * 1_000;
		if (after && tookMs < after.atLeastMs - JIFFY_MS) throw tooEarly(wait.what, tookMs, after, counted);
		return found;
	});
}

/**
 * Waits as long as something must not happen. `broken` tells what happened in that time all the same, in words; `flush`
 * resolves when all observers that would know have told all, and throws where one of them no longer does: it is called
 * before and after. The time begins when this is called, before that first answer: what the spec does meanwhile counts.
 */
export async function expectSilence(
	context: LabContext,
	{
		what,
		broken,
		flush,
	}: {
		readonly what: string;
		readonly broken: (during: SilencePeriod) => readonly string[];
		readonly flush: () => Promise<void>;
	},
	silence: SilenceOptions,
): Promise<void> {
	await expecting(context, what, async () => {
		const { forMs } = checked(silenceSchema, silence, what);
		const now = () => context.history.at(context.clock.now());
		const from = now();
		await flush();
		const during = { from, flushedAt: now(), until: from + forMs / 1_000 };
		const check = () => {
			const seen = broken(during);
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

/** Something was judged, with nothing left to wait for, and was not so. */
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

function tooEarly(what: string, tookMs: number, { atLeastMs }: Span, { t, what: act }: SpanStart): HalfopenError {
	return new HalfopenError('TOO_EARLY', {
		problem: `Expected ${what} not before ${atLeastMs} ms, but it came after ${tookMs.toFixed(1)} ms.`,
		seen: `counted from ${t.toFixed(3)} s: ${act}`,
		remedy:
			'If something else started the timer, say when it did, in seconds of the history: { after: …, since: … }, e.g. ' +
			'since: timeline.lastReceived("client", 8080), or the t of a segment, or event.t of a held call.',
	});
}

/** Runs an expectation; while it runs it is pending. */
export async function expecting<T>({ pending }: LabContext, what: string, work: () => Promise<T>): Promise<T> {
	// Taken before the first wait, while the spec is on the stack.
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
 * Gives an error the stack of the expectation, without the frames of the matchers: a reader looks for the line of the
 * spec.
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
