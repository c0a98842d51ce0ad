import type { LabContext } from '../context.ts';
import type { Span } from '../tcp.ts';
import { type Wait, until } from '../wait.ts';

/** For what no timer of the kernel delays: only how busy the machine is. */
const IMMEDIATE_LIMIT_MS = 15_000;

/** How long an expectation may wait. */
export interface Patience {
	/**
	 * What the kernel's formula says: not before its lower bound, counted from the last thing that the spec did (a fault, typed text, a signal, a
	 * step), and no later than its upper bound from now.
	 */
	readonly after?: Span;
}

/** Waits for what an expectation is about, and points its failure at the line of the spec. */
export async function expectEventually<T extends { readonly t: number }>(context: LabContext, wait: Omit<Wait<T>, 'limitMs'>, { after }: Patience): Promise<T> {
	const { pending, history } = context;
	const since = history.lastAction;
	// Taken here, so that the stack begins in the spec.
	const place = new Error(wait.what);
	pending.add(wait.what);
	try {
		const found = await until(context, { ...wait, limitMs: after?.atMostMs ?? IMMEDIATE_LIMIT_MS });
		const tookMs = (found.t - since) * 1_000;
		if (after && tookMs < after.atLeastMs) throw tooEarly(wait.what, tookMs, after);
		return found;
	} catch (error) {
		throw pointedAt(place, error);
	} finally {
		pending.delete(wait.what);
	}
}

function tooEarly(what: string, tookMs: number, { atLeastMs }: Span): Error {
	return new Error(`Expected ${what} not before ${atLeastMs} ms after the last action, but it came after ${tookMs.toFixed(1)} ms.`);
}

function pointedAt(place: Error, error: unknown): unknown {
	if (error instanceof Error) error.stack = `${error.message}\n${(place.stack ?? '').split('\n').slice(1).join('\n')}`;
	return error;
}
