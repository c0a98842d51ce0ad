import { z } from 'zod';
import { checked } from '../util/options.ts';
import { time } from './arguments.ts';

/** The lower bound that the kernel's formula gives, and the upper bound that a wait may allow, both in ms. */
export interface Span {
	readonly atLeastMs: number;
	readonly atMostMs: number;
}

/** The schema of a span in the options of a spec. */
export const spanSchema = z
	.strictObject({ atLeastMs: z.number().nonnegative(), atMostMs: z.number().positive() })
	.refine(
		({ atLeastMs, atMostMs }) => atLeastMs <= atMostMs,
		'its lower bound lies above its upper bound',
	) satisfies z.ZodType<Span>;

/**
 * Returns a span for a time that the kernel computes: at least `modelMs`, at most twice that and 5 s more. The timer
 * wheel rounds up by as much as an eighth (kernel/time/timer.c), and test machines may be busy.
 */
export function spanOf(modelMs: number): Span {
	checked(time, modelMs, 'spanOf');
	return { atLeastMs: modelMs, atMostMs: 2 * modelMs + 5_000 };
}

/**
 * Whether a kernel timer that was set to `modelMs` may have expired after `ms`. It is early by one jiffy at most (10 ms
 * or less). It is late by an eighth at most, because the timer wheel rounds up (kernel/time/timer.c), and half a second
 * more, because test machines may be busy.
 */
export function isTimerOf(ms: number, modelMs: number): boolean {
	return ms >= modelMs - 10 && ms <= modelMs * 1.125 + 500;
}
