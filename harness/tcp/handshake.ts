import { z } from 'zod';
import { checked } from '../util/options.ts';
import { count, positiveTime, time } from './arguments.ts';
import { RTO_MAX_MS, TIMEOUT_INIT_MS } from './constants.ts';
import { retransmissionGapsMs } from './retransmission.ts';

/** The times of all retransmissions and of the end of the attempt, in ms from the first transmission. */
export interface Schedule {
	readonly retransmissionsMs: readonly number[];
	readonly giveUpMs: number;
}

/**
 * Returns when a SYN is retransmitted, and when connect fails with ETIMEDOUT (net/ipv4/tcp_timer.c,
 * `tcp_retransmit_timer`, `tcp_write_timeout`, `tcp_clamp_rto_to_user_timeout`). An expiry of the timer ends the
 * attempt if all retransmissions are used up, or if the time of `retries` doublings from TCP_TIMEOUT_INIT has passed.
 * TCP_USER_TIMEOUT replaces that time; the kernel does not check it before the first retransmission.
 *
 * @param retries tcp_syn_retries, or TCP_SYNCNT (default 6)
 * @param linear tcp_syn_linear_timeouts (default 4): the gaps begin to double after this many retransmissions, which
 * come on top of `retries`. A kernel before 6.5 has no such sysctl: 0
 */
export function synSchedule(options: {
	retries: number;
	linear?: number | undefined;
	userTimeoutMs?: number;
	rtoMaxMs?: number;
}): Schedule {
	const schema = z.strictObject({
		retries: count,
		linear: count.optional(),
		userTimeoutMs: positiveTime.optional(),
		rtoMaxMs: positiveTime.optional(),
	});
	const { retries, linear = 0, userTimeoutMs, rtoMaxMs = RTO_MAX_MS } = checked(schema, options, 'synSchedule');
	const model = retransmissionGapsMs({ expiries: retries + 1, rtoMs: TIMEOUT_INIT_MS, rtoMaxMs }).reduce(
		(sum, gap) => sum + gap,
	);
	const retransmissionsMs: number[] = [];
	let rto = TIMEOUT_INIT_MS;
	let expiryMs = rto;
	for (;;) {
		const sent = retransmissionsMs.length;
		if (sent >= retries + linear || (sent > 0 && expiryMs >= (userTimeoutMs ?? model)))
			return { retransmissionsMs, giveUpMs: expiryMs };
		retransmissionsMs.push(expiryMs);
		if (retransmissionsMs.length > linear) rto = Math.min(2 * rto, rtoMaxMs);
		expiryMs += userTimeoutMs === undefined ? rto : Math.min(rto, Math.max(userTimeoutMs - expiryMs, 1));
	}
}

/**
 * Returns when a SYN-ACK is retransmitted, and when the connection request is dropped (net/ipv4/inet_connection_sock.c,
 * `reqsk_timer_handler`). Each repeated SYN is answered at once and postpones the timer (net/ipv4/tcp_minisocks.c,
 * `tcp_check_req`).
 *
 * @param retries tcp_synack_retries, or TCP_SYNCNT of the listener (default 5)
 */
export function synAckSchedule(options: { retries: number }): Schedule {
	const { retries } = checked(z.strictObject({ retries: count }), options, 'synAckSchedule');
	const gaps = retransmissionGapsMs({ expiries: retries + 1, rtoMs: TIMEOUT_INIT_MS });
	const expiriesMs = gaps.map((_, expiry) => gaps.slice(0, expiry + 1).reduce((sum, gap) => sum + gap));
	return { retransmissionsMs: expiriesMs.slice(0, -1), giveUpMs: expiriesMs.at(-1) ?? 0 };
}

/**
 * Returns for how many seconds TCP_DEFER_ACCEPT defers: as many whole gaps of the SYN-ACK's timer as the requested
 * seconds need (net/ipv4/tcp.c, `secs_to_retrans`, `retrans_to_secs`). So 10 s become 1 + 2 + 4 + 8 = 15 s, which
 * getsockopt returns, too.
 */
export function deferAcceptSeconds(requested: number): number {
	checked(time, requested, 'deferAcceptSeconds');
	let period = 0;
	for (let timeout = TIMEOUT_INIT_MS / 1_000; period < requested; timeout = Math.min(2 * timeout, RTO_MAX_MS / 1_000))
		period += timeout;
	return period;
}
