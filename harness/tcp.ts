/** The words of the field: states, flags, errnos, and the kernel's timer formulas, each with its source. */

/** TCP states in `ss` spelling (misc/ss.c, `sstate_name`). */
export const STATES = [
	'LISTEN',
	'SYN-SENT',
	'SYN-RECV',
	'ESTAB',
	'FIN-WAIT-1',
	'FIN-WAIT-2',
	'CLOSE-WAIT',
	'CLOSING',
	'LAST-ACK',
	'TIME-WAIT',
	'CLOSED',
] as const;
export type State = (typeof STATES)[number];

/** `ss` timer names (misc/ss.c, `tmr_name`). */
export type TimerName = 'on' | 'keepalive' | 'timewait' | 'persist' | 'unknown';

/** The errnos a TCP socket can show, with the number Linux gives them (include/uapi/asm-generic/errno*.h). */
export const ERRNOS = {
	EPERM: 1,
	EINTR: 4,
	EBADF: 9,
	EAGAIN: 11,
	ENOMEM: 12,
	EACCES: 13,
	EINVAL: 22,
	EPIPE: 32,
	EPROTO: 71,
	ENOTSOCK: 88,
	EDESTADDRREQ: 89,
	EMSGSIZE: 90,
	ENOPROTOOPT: 92,
	EOPNOTSUPP: 95,
	EADDRINUSE: 98,
	EADDRNOTAVAIL: 99,
	ENETDOWN: 100,
	ENETUNREACH: 101,
	ECONNABORTED: 103,
	ECONNRESET: 104,
	ENOBUFS: 105,
	EISCONN: 106,
	ENOTCONN: 107,
	ETIMEDOUT: 110,
	ECONNREFUSED: 111,
	EHOSTDOWN: 112,
	EHOSTUNREACH: 113,
	EALREADY: 114,
	EINPROGRESS: 115,
} as const;
export type Errno = keyof typeof ERRNOS;

/** The name of an errno number, or `errno <n>` where it is none of ours. */
export function errnoName(number: number): string {
	return Object.entries(ERRNOS).find(([, value]) => value === number)?.[0] ?? `errno ${number}`;
}

/** Letters of TCP flags in the order in which tcpdump writes them, each with its bit (RFC 9293, 3.1; tcpdump print-tcp.c). */
export const FLAG_BITS = [
	['F', 0x01],
	['S', 0x02],
	['R', 0x04],
	['P', 0x08],
	['.', 0x10],
	['U', 0x20],
	['E', 0x40],
	['W', 0x80],
] as const;

/** Flags a spec may name, as tcpdump writes them. */
export type Flags = 'S' | 'S.' | '.' | 'P.' | 'F.' | 'FP.' | 'R' | 'R.' | 'F' | 'P' | 'U.' | 'none';

/** TCP_RTO_MIN, TCP_TIMEOUT_INIT, TCP_RTO_MAX, TCP_TIMEWAIT_LEN in ms (include/net/tcp.h). */
export const RTO_MIN_MS = 200;
export const TIMEOUT_INIT_MS = 1_000;
export const RTO_MAX_MS = 120_000;
export const TIMEWAIT_MS = 60_000;

/** A lower bound that the kernel's formula gives, and the upper bound a wait may allow, both in ms. */
export interface Span {
	readonly atLeastMs: number;
	readonly atMostMs: number;
}

/**
 * A span around a time that the kernel computes: never earlier than the formula, and up to twice that and 5 s more, because the timer
 * wheel rounds up by as much as an eighth (kernel/time/timer.c) and the machines are shared.
 */
export function spanOf(modelMs: number): Span {
	return { atLeastMs: modelMs, atMostMs: 2 * modelMs + 5_000 };
}

/**
 * How long data is retransmitted before the connection is given up (net/ipv4/tcp_timer.c, `tcp_model_timeout`): `retries2` doublings
 * from TCP_RTO_MIN, none longer than `rtoMaxMs`, counted from the first transmission.
 *
 * @param retries2 tcp_retries2 (default 15: 924.6 s)
 * @param rtoMaxMs tcp_rto_max_ms where the kernel has it (6.15), else 120000
 */
export function retransmissionTimeoutMs({ retries2, rtoMaxMs = RTO_MAX_MS }: { retries2: number; rtoMaxMs?: number }): number {
	let total = 0;
	for (let retry = 0; retry <= retries2; retry++) total += Math.min(RTO_MIN_MS * 2 ** retry, rtoMaxMs);
	return total;
}

/** The same as a span for `toFail(…, { after })`. The last data may have been sent before the wait began; the lower bound counts from the first unacknowledged segment. */
export function retransmissionTimeout(options: { retries2: number; rtoMaxMs?: number }): Span {
	return spanOf(retransmissionTimeoutMs(options));
}

/** When keepalive gives a silent peer up (net/ipv4/tcp_timer.c, `tcp_keepalive_timer`): idle time, then `probes` intervals. All in seconds, as the sysctls are. */
export function keepaliveTimeout({ time, interval, probes }: { time: number; interval: number; probes: number }): Span {
	return spanOf((time + interval * probes) * 1_000);
}

/** TIME-WAIT is fixed (TCP_TIMEWAIT_LEN, include/net/tcp.h). */
export function timeWait(): Span {
	return spanOf(TIMEWAIT_MS);
}

/** FIN-WAIT-2 of a closed socket lasts tcp_fin_timeout seconds (net/ipv4/tcp.c, `__tcp_close`; longer than TCP_TIMEWAIT_LEN is spent with the socket kept). */
export function finWait2Timeout({ finTimeout }: { finTimeout: number }): Span {
	return spanOf(finTimeout * 1_000);
}
