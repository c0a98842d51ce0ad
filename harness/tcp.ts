/** The words of the field: states, flags, errnos, and the kernel's timer formulas, each with its source. */

import { z } from 'zod';
import { checked, checkedName } from './util/options.ts';

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

/**
 * Where a connection goes from each state (RFC 9293, figure 5; simultaneous open included). Any of them may end in
 * CLOSED.
 */
const NEXT: Readonly<Record<State, readonly State[]>> = {
	LISTEN: ['SYN-RECV', 'SYN-SENT'],
	'SYN-SENT': ['SYN-RECV', 'ESTAB'],
	'SYN-RECV': ['ESTAB', 'FIN-WAIT-1', 'CLOSE-WAIT'],
	ESTAB: ['FIN-WAIT-1', 'CLOSE-WAIT'],
	'FIN-WAIT-1': ['FIN-WAIT-2', 'CLOSING', 'TIME-WAIT'],
	'FIN-WAIT-2': ['TIME-WAIT'],
	'CLOSE-WAIT': ['LAST-ACK'],
	CLOSING: ['TIME-WAIT'],
	'LAST-ACK': [],
	'TIME-WAIT': [],
	CLOSED: [],
};

/**
 * Whether a connection in one state, as `ss` names it, can still be, or come to be, in another. From a state that is
 * none of these (UNCONN, UNKNOWN) it may come to be in any.
 */
export function canReach(from: string, to: State): boolean {
	return from === to || to === 'CLOSED' || !isState(from) || NEXT[from].some((next) => canReach(next, to));
}

function isState(name: string): name is State {
	return Object.hasOwn(NEXT, name);
}

/** `ss` timer names (misc/ss.c, `tmr_name`). */
export const TIMER_NAMES = ['on', 'keepalive', 'timewait', 'persist', 'unknown'] as const;
export type TimerName = (typeof TIMER_NAMES)[number];

/**
 * All errnos of Linux, with the numbers that x86-64 and arm64 give them (include/uapi/asm-generic/errno-base.h,
 * errno.h).
 */
export const ERRNOS = {
	EPERM: 1,
	ENOENT: 2,
	ESRCH: 3,
	EINTR: 4,
	EIO: 5,
	ENXIO: 6,
	E2BIG: 7,
	ENOEXEC: 8,
	EBADF: 9,
	ECHILD: 10,
	EAGAIN: 11,
	ENOMEM: 12,
	EACCES: 13,
	EFAULT: 14,
	ENOTBLK: 15,
	EBUSY: 16,
	EEXIST: 17,
	EXDEV: 18,
	ENODEV: 19,
	ENOTDIR: 20,
	EISDIR: 21,
	EINVAL: 22,
	ENFILE: 23,
	EMFILE: 24,
	ENOTTY: 25,
	ETXTBSY: 26,
	EFBIG: 27,
	ENOSPC: 28,
	ESPIPE: 29,
	EROFS: 30,
	EMLINK: 31,
	EPIPE: 32,
	EDOM: 33,
	ERANGE: 34,
	EDEADLK: 35,
	ENAMETOOLONG: 36,
	ENOLCK: 37,
	ENOSYS: 38,
	ENOTEMPTY: 39,
	ELOOP: 40,
	ENOMSG: 42,
	EIDRM: 43,
	ECHRNG: 44,
	EL2NSYNC: 45,
	EL3HLT: 46,
	EL3RST: 47,
	ELNRNG: 48,
	EUNATCH: 49,
	ENOCSI: 50,
	EL2HLT: 51,
	EBADE: 52,
	EBADR: 53,
	EXFULL: 54,
	ENOANO: 55,
	EBADRQC: 56,
	EBADSLT: 57,
	EBFONT: 59,
	ENOSTR: 60,
	ENODATA: 61,
	ETIME: 62,
	ENOSR: 63,
	ENONET: 64,
	ENOPKG: 65,
	EREMOTE: 66,
	ENOLINK: 67,
	EADV: 68,
	ESRMNT: 69,
	ECOMM: 70,
	EPROTO: 71,
	EMULTIHOP: 72,
	EDOTDOT: 73,
	EBADMSG: 74,
	EOVERFLOW: 75,
	ENOTUNIQ: 76,
	EBADFD: 77,
	EREMCHG: 78,
	ELIBACC: 79,
	ELIBBAD: 80,
	ELIBSCN: 81,
	ELIBMAX: 82,
	ELIBEXEC: 83,
	EILSEQ: 84,
	ERESTART: 85,
	ESTRPIPE: 86,
	EUSERS: 87,
	ENOTSOCK: 88,
	EDESTADDRREQ: 89,
	EMSGSIZE: 90,
	EPROTOTYPE: 91,
	ENOPROTOOPT: 92,
	EPROTONOSUPPORT: 93,
	ESOCKTNOSUPPORT: 94,
	EOPNOTSUPP: 95,
	EPFNOSUPPORT: 96,
	EAFNOSUPPORT: 97,
	EADDRINUSE: 98,
	EADDRNOTAVAIL: 99,
	ENETDOWN: 100,
	ENETUNREACH: 101,
	ENETRESET: 102,
	ECONNABORTED: 103,
	ECONNRESET: 104,
	ENOBUFS: 105,
	EISCONN: 106,
	ENOTCONN: 107,
	ESHUTDOWN: 108,
	ETOOMANYREFS: 109,
	ETIMEDOUT: 110,
	ECONNREFUSED: 111,
	EHOSTDOWN: 112,
	EHOSTUNREACH: 113,
	EALREADY: 114,
	EINPROGRESS: 115,
	ESTALE: 116,
	EUCLEAN: 117,
	ENOTNAM: 118,
	ENAVAIL: 119,
	EISNAM: 120,
	EREMOTEIO: 121,
	EDQUOT: 122,
	ENOMEDIUM: 123,
	EMEDIUMTYPE: 124,
	ECANCELED: 125,
	ENOKEY: 126,
	EKEYEXPIRED: 127,
	EKEYREVOKED: 128,
	EKEYREJECTED: 129,
	EOWNERDEAD: 130,
	ENOTRECOVERABLE: 131,
	ERFKILL: 132,
	EHWPOISON: 133,
} as const;

/**
 * An errno by its name or, where it has none, by its number: some of the kernel's own come out by mistake
 * (include/linux/errno.h).
 */
export type Errno = keyof typeof ERRNOS | `errno ${number}`;

const ERRNO_NAMES: ReadonlyMap<number, Errno> = new Map(
	Object.entries(ERRNOS).map(([name, number]) => [number, name as Errno]),
);

/** A name that there is not would be waited for in vain. */
export function assertErrno(errno: Errno, of: string): void {
	if (!/^errno \d+$/.test(errno)) checkedName(Object.keys(ERRNOS), errno, of);
}

/** The name of an errno number, or `errno <n>` where it has none. */
export function errnoName(number: number): Errno {
	return ERRNO_NAMES.get(number) ?? `errno ${number}`;
}

/**
 * Letters of TCP flags in the order in which tcpdump writes them, each with its bit (RFC 9293, 3.1; tcpdump
 * print-tcp.c, `tcp_flag_values`). The ninth, AE, is the lowest bit of the byte before the other eight (RFC 9768, 3.1).
 */
export const FLAG_BITS = [
	['F', 0x01],
	['S', 0x02],
	['R', 0x04],
	['P', 0x08],
	['.', 0x10],
	['U', 0x20],
	['E', 0x40],
	['W', 0x80],
	['e', 0x100],
] as const;

/** Flags a spec may name, as tcpdump writes them. */
export type Flags = 'S' | 'S.' | '.' | 'P.' | 'F.' | 'FP.' | 'R' | 'R.' | 'F' | 'P' | '.U' | 'P.U' | EcnFlags | 'none';

/**
 * With Explicit Congestion Notification: how it is negotiated, `SEW` (RFC 3168, 6.1.1), `SEWe` (Accurate ECN, RFC 9768,
 * 3.1.1), then congestion told (`.E`) and answered (`.W`), or the counter of Accurate ECN, which begins with 5, `.Ee`
 * (RFC 9768, 3.2.2).
 */
type EcnFlags = `${string}${'E' | 'W' | 'e'}`;

/** TCP_RTO_MIN, TCP_TIMEOUT_INIT, TCP_RTO_MAX, TCP_TIMEWAIT_LEN in ms (include/net/tcp.h). */
export const RTO_MIN_MS = 200;
export const TIMEOUT_INIT_MS = 1_000;
export const RTO_MAX_MS = 120_000;
export const TIMEWAIT_MS = 60_000;

/**
 * TCP_DELACK_MIN (the same as TCP_ATO_MIN, what an ACK waits for something to travel with at first) and TCP_DELACK_MAX
 * (what it waits at most), in ms (include/net/tcp.h).
 */
export const DELACK_MIN_MS = 40;
export const DELACK_MAX_MS = 200;

/** A lower bound that the kernel's formula gives, and the upper bound a wait may allow, both in ms. */
export interface Span {
	readonly atLeastMs: number;
	readonly atMostMs: number;
}

/** For checking a span when a spec runs. */
export const spanSchema = z
	.strictObject({ atLeastMs: z.number().nonnegative(), atMostMs: z.number().positive() })
	.refine(
		({ atLeastMs, atMostMs }) => atLeastMs <= atMostMs,
		'its lower bound lies above its upper bound',
	) satisfies z.ZodType<Span>;

/** What the formulas below take: counts of the kernel's are whole numbers, and no time is negative, missing or NaN. */
const count = z.int().nonnegative();
const time = z.number().nonnegative();
const positiveTime = z.number().positive();

/**
 * A span around a time that the kernel computes: never earlier than the formula, and up to twice that and 5 s more,
 * because the timer wheel rounds up by as much as an eighth (kernel/time/timer.c) and the machines are shared.
 */
export function spanOf(modelMs: number): Span {
	checked(time, modelMs, 'spanOf');
	return { atLeastMs: modelMs, atMostMs: 2 * modelMs + 5_000 };
}

/**
 * Whether a time is what a timer of the kernel gives that was set to `modelMs`: not earlier (but for a jiffy, which is
 * 10 ms at most), and later by no more than an eighth, for the timer wheel rounds up (kernel/time/timer.c), and half a
 * second, for the machines are shared.
 */
export function isTimerOf(ms: number, modelMs: number): boolean {
	return ms >= modelMs - 10 && ms <= modelMs * 1.125 + 500;
}

/**
 * How long data is retransmitted before the connection is given up (net/ipv4/tcp_timer.c, `tcp_model_timeout`):
 * `retries2` doublings from TCP_RTO_MIN, none longer than `rtoMaxMs`. The kernel counts from the first retransmission
 * (`retrans_stamp`), so that from the first transmission it is a lower bound.
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
 * The same as a span for `toFail(…, { after })`. The last data may have been sent before the wait began; the lower
 * bound counts from the first unacknowledged segment.
 */
export function retransmissionTimeout(options: { retries2: number; rtoMaxMs?: number }): Span {
	return spanOf(retransmissionTimeoutMs(options));
}

/**
 * When what is unacknowledged is sent again: soon, or as late as TCP_RTO_MAX after the last time (RFC 6298, 2.5 and
 * 5.5; tcp_retransmit_timer).
 */
export function nextRetransmission(): Span {
	return { atLeastMs: 0, atMostMs: RTO_MAX_MS };
}

/**
 * At which turn of the retransmission timer a connection is given up (net/ipv4/tcp_timer.c, `retransmits_timed_out`):
 * tcp_retries2 is no count but stands for a time, that of `retransmissionTimeoutMs`, and the time counts from the
 * retransmission at the first turn (`retrans_stamp`).
 */
export function retransmissionTurns(options: { retries2: number; rtoMs: number; rtoMaxMs?: number }): number {
	const schema = z.strictObject({ retries2: count, rtoMs: positiveTime, rtoMaxMs: positiveTime.optional() });
	const { retries2, rtoMs, rtoMaxMs = RTO_MAX_MS } = checked(schema, options, 'retransmissionTurns');
	const timeoutMs = retransmissionTimeoutMs({ retries2, rtoMaxMs });
	let turn = 1;
	for (let elapsedMs = 0; elapsedMs < timeoutMs; turn++) elapsedMs += Math.min(rtoMs * 2 ** turn, rtoMaxMs);
	return turn;
}

/**
 * The gaps between the turns of the retransmission timer, the first from the first transmission (net/ipv4/tcp_timer.c,
 * `tcp_retransmit_timer`): the timeout doubles with each turn, up to `rtoMaxMs`. A tail-loss probe is no turn of it.
 */
export function retransmissionGapsMs(options: { turns: number; rtoMs?: number; rtoMaxMs?: number }): number[] {
	const schema = z.strictObject({ turns: count, rtoMs: positiveTime.optional(), rtoMaxMs: positiveTime.optional() });
	const { turns, rtoMs = RTO_MIN_MS, rtoMaxMs = RTO_MAX_MS } = checked(schema, options, 'retransmissionGapsMs');
	return Array.from({ length: turns }, (_, turn) => Math.min(rtoMs * 2 ** turn, rtoMaxMs));
}

/** Times in ms, counted from the first transmission: of each retransmission, and of giving up. */
export interface Schedule {
	readonly retransmissionsMs: readonly number[];
	readonly giveUpMs: number;
}

/**
 * When a SYN is sent again, and when connect fails with ETIMEDOUT (net/ipv4/tcp_timer.c, `tcp_retransmit_timer`,
 * `tcp_write_timeout`,
 * `tcp_clamp_rto_to_user_timeout`). At each turn of the timer the attempt ends if all retransmissions are used up, or
 * if the time of
 * `retries` doublings from TCP_TIMEOUT_INIT has passed (or TCP_USER_TIMEOUT, which is not looked at before the first
 * retransmission).
 *
 * @param retries tcp_syn_retries, or TCP_SYNCNT (default 6)
 * @param linear tcp_syn_linear_timeouts (default 4): after so many retransmissions the gaps begin to double; they come
 * on top of
 * `retries`. A kernel before 6.5 has no such sysctl: 0
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
	const model = retransmissionGapsMs({ turns: retries + 1, rtoMs: TIMEOUT_INIT_MS, rtoMaxMs }).reduce(
		(sum, gap) => sum + gap,
	);
	const retransmissionsMs: number[] = [];
	let rto = TIMEOUT_INIT_MS;
	let turn = rto;
	for (;;) {
		const sent = retransmissionsMs.length;
		if (sent >= retries + linear || (sent > 0 && turn >= (userTimeoutMs ?? model)))
			return { retransmissionsMs, giveUpMs: turn };
		retransmissionsMs.push(turn);
		if (retransmissionsMs.length > linear) rto = Math.min(2 * rto, rtoMaxMs);
		turn += userTimeoutMs === undefined ? rto : Math.min(rto, Math.max(userTimeoutMs - turn, 1));
	}
}

/**
 * When a SYN-ACK is sent again, and when the half-made connection is forgotten (net/ipv4/inet_connection_sock.c,
 * `reqsk_timer_handler`). Each SYN that comes again is answered at once and puts the timer off
 * (net/ipv4/tcp_minisocks.c, `tcp_check_req`).
 *
 * @param retries tcp_synack_retries, or TCP_SYNCNT of the listener (default 5)
 */
export function synAckSchedule(options: { retries: number }): Schedule {
	const { retries } = checked(z.strictObject({ retries: count }), options, 'synAckSchedule');
	const gaps = retransmissionGapsMs({ turns: retries + 1, rtoMs: TIMEOUT_INIT_MS });
	const turns = gaps.map((_, turn) => gaps.slice(0, turn + 1).reduce((sum, gap) => sum + gap));
	return { retransmissionsMs: turns.slice(0, -1), giveUpMs: turns.at(-1) ?? 0 };
}

/**
 * How long TCP_DEFER_ACCEPT really defers: whole turns of the SYN-ACK's timer, as many as the seconds asked for need
 * (net/ipv4/tcp.c,
 * `secs_to_retrans`, `retrans_to_secs`). So 10 s are 1 + 2 + 4 + 8 = 15 s, and getsockopt says so.
 */
export function deferAcceptSeconds(asked: number): number {
	checked(time, asked, 'deferAcceptSeconds');
	let period = 0;
	for (let timeout = TIMEOUT_INIT_MS / 1_000; period < asked; timeout = Math.min(2 * timeout, RTO_MAX_MS / 1_000))
		period += timeout;
	return period;
}

/**
 * When keepalive gives a silent peer up (net/ipv4/tcp_timer.c, `tcp_keepalive_timer`): idle time, then `probes`
 * intervals. All in seconds, as the sysctls are.
 */
export function keepaliveTimeout(options: { time: number; interval: number; probes: number }): Span {
	const {
		time: idle,
		interval,
		probes,
	} = checked(z.strictObject({ time, interval: time, probes: count }), options, 'keepaliveTimeout');
	return spanOf((idle + interval * probes) * 1_000);
}

/**
 * The same with TCP_USER_TIMEOUT, which replaces the number of probes (net/ipv4/tcp_timer.c, `tcp_keepalive_timer`): at
 * the first turn of the timer after which it has passed, though never at the turn that sends the first probe. `time`
 * and `interval` in seconds, as the options are.
 */
export function keepaliveUserTimeout(options: { time: number; interval: number; userTimeoutMs: number }): Span {
	const schema = z.strictObject({ time, interval: positiveTime, userTimeoutMs: positiveTime });
	const { time: idle, interval, userTimeoutMs } = checked(schema, options, 'keepaliveUserTimeout');
	const probes = Math.max(1, Math.ceil((userTimeoutMs - idle * 1_000) / (interval * 1_000)));
	return keepaliveTimeout({ time: idle, interval, probes });
}

/** TIME-WAIT is fixed (TCP_TIMEWAIT_LEN, include/net/tcp.h). */
export function timeWait(): Span {
	return spanOf(TIMEWAIT_MS);
}

/**
 * FIN-WAIT-2 of a closed socket lasts tcp_fin_timeout seconds, as a time-wait socket (`tcp_rcv_state_process`;
 * `__tcp_close` where the FIN was acknowledged before). Of more than TCP_TIMEWAIT_LEN only what is above it counts, but
 * twice: once with the socket kept (timer keepalive), once as a time-wait socket (net/ipv4/tcp_timer.c,
 * `tcp_keepalive_timer`): 61 s are 2 s, 120 s are 120 s.
 */
export function finWait2Timeout(options: { finTimeout: number }): Span {
	const { finTimeout } = checked(z.strictObject({ finTimeout: time }), options, 'finWait2Timeout');
	const ms = finTimeout * 1_000;
	return spanOf(ms > TIMEWAIT_MS ? 2 * (ms - TIMEWAIT_MS) : ms);
}

/**
 * The waits before each unanswered probe of a closed window and, last, before the connection is given up
 * (net/ipv4/tcp_timer.c,
 * `tcp_probe_timer`; net/ipv4/tcp_output.c, `tcp_send_probe0`): the wait doubles with each probe, up to `rtoMaxMs` and
 * no more than `retries2` times, and `retries2` probes in a row may be unanswered. Probes that were answered before
 * have doubled it, too.
 *
 * @param retries2 tcp_retries2 (default 15: 924.6 s)
 */
export function windowProbeGapsMs(options: {
	retries2: number;
	answered?: number;
	rtoMs?: number;
	rtoMaxMs?: number;
}): number[] {
	const times = { rtoMs: positiveTime.optional(), rtoMaxMs: positiveTime.optional() };
	const schema = z.strictObject({ retries2: count, answered: count.optional(), ...times });
	const {
		retries2,
		answered = 0,
		rtoMs = RTO_MIN_MS,
		rtoMaxMs = RTO_MAX_MS,
	} = checked(schema, options, 'windowProbeTimeoutMs');
	return Array.from({ length: retries2 + 1 }, (_, unanswered) =>
		Math.min(rtoMs * 2 ** Math.min(answered + unanswered, retries2), rtoMaxMs),
	);
}

/** When a closed window whose probes are not answered ends the connection, from the last that was heard of the peer. */
export function windowProbeTimeoutMs(options: Parameters<typeof windowProbeGapsMs>[0]): number {
	return windowProbeGapsMs(options).reduce((total, gap) => total + gap, 0);
}

/**
 * The waits before each probe that a socket without a process (an orphan) sends to a closed window and, last, before it
 * is given up though every probe was answered (net/ipv4/tcp_timer.c, `tcp_probe_timer`: `alive`): once the doubled wait
 * has reached `rtoMaxMs`, it is given up at that turn, unless it was doubled fewer than tcp_orphan_retries times (0 by
 * default). By default 324.6 s. tcp_retries2 must allow for so many doublings, or it never ends.
 */
export function orphanProbeGapsMs(options: { rtoMs?: number; rtoMaxMs?: number } = {}): number[] {
	const schema = z.strictObject({ rtoMs: positiveTime.optional(), rtoMaxMs: positiveTime.optional() });
	const { rtoMs = RTO_MIN_MS, rtoMaxMs = RTO_MAX_MS } = checked(schema, options, 'orphanProbeTimeoutMs');
	const doublings = Math.ceil(Math.log2(rtoMaxMs / rtoMs));
	return Array.from({ length: doublings + 1 }, (_, probe) => Math.min(rtoMs * 2 ** probe, rtoMaxMs));
}

/** How long an orphan probes a window that its peer keeps closed, from when the window closed. */
export function orphanProbeTimeoutMs(options: Parameters<typeof orphanProbeGapsMs>[0] = {}): number {
	return orphanProbeGapsMs(options).reduce((total, gap) => total + gap, 0);
}

/** The times between events, in ms. */
export function gapsBetween(events: readonly { readonly t: number }[]): number[] {
	return events.slice(1).map(({ t }, index) => (t - (events[index]?.t ?? Number.NaN)) * 1_000);
}

/**
 * Where recorded gaps leave a schedule, in words: too few or too many of them, one earlier than the formula says by
 * more than the jiffy that timers are counted in (HZ is at least 100), one later than `spanOf` allows; or one outside
 * its span. Empty where they keep to it.
 */
export function deviations(gaps: readonly number[], formula: readonly (number | Span)[]): string[] {
	const number = gaps.length === formula.length ? [] : [`${gaps.length} gaps instead of ${formula.length}`];
	const gone = formula.flatMap((model, index) => {
		const gap = gaps[index];
		const { atLeastMs, atMostMs } = typeof model === 'number' ? spanOf(model) : model;
		const words = typeof model === 'number' ? `${model} ms` : `${atLeastMs} to ${atMostMs} ms`;
		return gap === undefined || (gap >= atLeastMs - 10 && gap <= atMostMs)
			? []
			: [`gap ${index + 1} is ${gap.toFixed(0)} ms instead of ${words}`];
	});
	return [...number, ...gone];
}
