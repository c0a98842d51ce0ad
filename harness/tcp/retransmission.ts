import { z } from 'zod';
import { checked } from '../util/options.ts';
import { count, positiveTime } from './arguments.ts';
import { RTO_MAX_MS, RTO_MIN_MS } from './constants.ts';
import { type Span, spanOf } from './span.ts';

/**
 * Returns how long data is retransmitted before the connection is given up, in ms: `retries2` doublings from
 * TCP_RTO_MIN, none longer than `rtoMaxMs` (net/ipv4/tcp_timer.c, `tcp_model_timeout`). The kernel counts from the
 * first retransmission (`retrans_stamp`), so counted from the first transmission it is a lower bound.
 *
 * @param retries2 tcp_retries2 (default 15: 924.6 s)
 * @param rtoMaxMs tcp_rto_max_ms where the kernel has it (6.15), else 120000
 */
export function retransmissionTimeoutMs(options: { retries2: number; rtoMaxMs?: number }): number {
	const { retries2, rtoMaxMs = RTO_MAX_MS } = checked(
		z.strictObject({ retries2: count, rtoMaxMs: positiveTime.optional() }),
		options,
		'retransmissionTimeout',
	);
	let total = 0;
	for (let retry = 0; retry <= retries2; retry++) total += Math.min(RTO_MIN_MS * 2 ** retry, rtoMaxMs);
	return total;
}

/**
 * Like `retransmissionTimeoutMs`, but returns a span for `toFail(…, { after })`. The data may have been sent before the
 * wait began: the lower bound counts from the first unacknowledged segment.
 */
export function retransmissionTimeout(options: { retries2: number; rtoMaxMs?: number }): Span {
	return spanOf(retransmissionTimeoutMs(options));
}

/**
 * Returns when unacknowledged data is retransmitted: at the latest TCP_RTO_MAX after the last transmission (RFC 6298,
 * 2.5 and 5.5; `tcp_retransmit_timer`).
 */
export function nextRetransmission(): Span {
	return { atLeastMs: 0, atMostMs: RTO_MAX_MS };
}

/**
 * Returns how many times the retransmission timer expires until the connection is given up; the last expiry gives it up
 * (net/ipv4/tcp_timer.c, `retransmits_timed_out`). tcp_retries2 is not a count: it stands for the time of
 * `retransmissionTimeoutMs`, counted from the retransmission at the first expiry (`retrans_stamp`).
 */
export function retransmissionExpiries(options: { retries2: number; rtoMs: number; rtoMaxMs?: number }): number {
	const schema = z.strictObject({ retries2: count, rtoMs: positiveTime, rtoMaxMs: positiveTime.optional() });
	const { retries2, rtoMs, rtoMaxMs = RTO_MAX_MS } = checked(schema, options, 'retransmissionExpiries');
	const timeoutMs = retransmissionTimeoutMs({ retries2, rtoMaxMs });
	let expiries = 1;
	for (let elapsedMs = 0; elapsedMs < timeoutMs; expiries++) elapsedMs += Math.min(rtoMs * 2 ** expiries, rtoMaxMs);
	return expiries;
}

/**
 * Returns the gaps between the expiries of the retransmission timer, in ms, the first counted from the first
 * transmission (net/ipv4/tcp_timer.c, `tcp_retransmit_timer`). The timeout doubles with each expiry, up to `rtoMaxMs`.
 * A tail-loss probe is not one of them.
 */
export function retransmissionGapsMs(options: { expiries: number; rtoMs?: number; rtoMaxMs?: number }): number[] {
	const schema = z.strictObject({ expiries: count, rtoMs: positiveTime.optional(), rtoMaxMs: positiveTime.optional() });
	const { expiries, rtoMs = RTO_MIN_MS, rtoMaxMs = RTO_MAX_MS } = checked(schema, options, 'retransmissionGapsMs');
	return Array.from({ length: expiries }, (_, expiry) => Math.min(rtoMs * 2 ** expiry, rtoMaxMs));
}
