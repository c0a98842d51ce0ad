import { z } from 'zod';
import { checked } from '../util/options.ts';
import { time } from './arguments.ts';
import { TIMEWAIT_MS } from './constants.ts';
import { type Span, spanOf } from './span.ts';

/** Returns how long TIME-WAIT lasts: TCP_TIMEWAIT_LEN, which is fixed (include/net/tcp.h). */
export function timeWait(): Span {
	return spanOf(TIMEWAIT_MS);
}

/**
 * Returns how long FIN-WAIT-2 of a closed socket lasts: tcp_fin_timeout seconds, as a time-wait socket
 * (`tcp_rcv_state_process`; `__tcp_close` if the FIN was acknowledged before). Of a timeout above TCP_TIMEWAIT_LEN only
 * the excess counts, but twice: once while the socket is kept (timer keepalive), once as a time-wait socket
 * (net/ipv4/tcp_timer.c, `tcp_keepalive_timer`). So 61 s are 2 s, and 120 s are 120 s.
 */
export function finWait2Timeout(options: { finTimeout: number }): Span {
	const { finTimeout } = checked(z.strictObject({ finTimeout: time }), options, 'finWait2Timeout');
	const ms = finTimeout * 1_000;
	return spanOf(ms > TIMEWAIT_MS ? 2 * (ms - TIMEWAIT_MS) : ms);
}
