import type { LabContext } from '../context.ts';
import type { Span } from '../tcp.ts';
import { until, type Wait } from '../wait.ts';

/** For what no timer of the kernel delays: only how busy the machine is. */
const IMMEDIATE_LIMIT_MS = 15_000;

/** The kernel counts most of its timers in jiffies, which are coarser than the clocks of the history (HZ is at least 100). */
const JIFFY_MS = 10;

/** How long an expectation may wait. */
export interface Patience {
	/** What the kernel's formula says: not before its lower bound, counted from `since`, and no later than its upper bound from now. */
	readonly after?: Span;
	/** In seconds of the history; without it, the last thing that the spec did: a fault, typed text, a signal, a step. */
	readonly since?: number;
}

/** Waits for what an expectation is about, and points its failure at the line of the spec. */
export async function expectEventually<T extends { readonly t: number }>(
	context: LabContext,
	wait: Omit<Wait<T>, 'limitMs'>,
	{ after, since = context.history.lastAction }: Patience,
): Promise<T> {
	const { pending } = context;
	// Taken before the first wait, while the spec is on the stack.
	const place = new Error(wait.what);
	pending.add(wait.what);
	try {
		const found = await until(context, { ...wait, limitMs: after?.atMostMs ?? IMMEDIATE_LIMIT_MS });
		const tookMs = (found.t - since) * 1_000;
		if (after && tookMs < after.atLeastMs - JIFFY_MS) throw tooEarly(wait.what, tookMs, after);
		return found;
	} catch (error) {
		throw pointedAt(place, error);
	} finally {
		pending.delete(wait.what);
	}
}

function tooEarly(what: string, tookMs: number, { atLeastMs }: Span): Error {
	return new Error(`Expected ${what} not before ${atLeastMs} ms, but it came after ${tookMs.toFixed(1)} ms.`);
}

/** Gives an error the stack of the expectation, without the frames of the matchers: a reader looks for the line of the spec. */
export function pointedAt(place: Error, error: unknown): unknown {
	const frames = (place.stack ?? '').split('\n').filter((line) => line.startsWith('    at ') && !line.includes('/harness/matchers/'));
	if (error instanceof Error) error.stack = [`${error.name}: ${error.message}`, ...frames].join('\n');
	return error;
}
