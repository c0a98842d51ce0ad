import { z } from 'zod';
import { checked } from '../util/options.ts';
import { count, positiveTime } from './arguments.ts';
import { RTO_MAX_MS, RTO_MIN_MS } from './constants.ts';

/**
 * Returns the waits before each unanswered probe of a closed window and, last, before the connection is given up
 * (net/ipv4/tcp_timer.c, `tcp_probe_timer`; net/ipv4/tcp_output.c, `tcp_send_probe0`). The wait doubles with each
 * probe, up to `rtoMaxMs` and no more than `retries2` times. `retries2` probes in a row may be unanswered. Probes that
 * were answered before have doubled the wait, too.
 *
 * @param retries2 tcp_retries2 (default 15: 924.6 s)
 * @param answered the number of probes that were answered before
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

/**
 * Returns how long a connection lasts if its window is closed and its probes are not answered, counted from the peer's
 * last segment.
 */
export function windowProbeTimeoutMs(options: Parameters<typeof windowProbeGapsMs>[0]): number {
	return windowProbeGapsMs(options).reduce((total, gap) => total + gap, 0);
}

/**
 * Returns the waits before each probe that a socket without a process (an orphan) sends to a closed window and, last,
 * before it is given up although every probe was answered (net/ipv4/tcp_timer.c, `tcp_probe_timer`: `alive`). When the
 * doubled wait has reached `rtoMaxMs`, that expiry gives the connection up, unless the wait was doubled fewer than
 * tcp_orphan_retries times (0 by default). By default this takes 324.6 s. tcp_retries2 must allow that many doublings;
 * otherwise the connection never ends.
 */
export function orphanProbeGapsMs(options: { rtoMs?: number; rtoMaxMs?: number } = {}): number[] {
	const schema = z.strictObject({ rtoMs: positiveTime.optional(), rtoMaxMs: positiveTime.optional() });
	const { rtoMs = RTO_MIN_MS, rtoMaxMs = RTO_MAX_MS } = checked(schema, options, 'orphanProbeTimeoutMs');
	const doublings = Math.ceil(Math.log2(rtoMaxMs / rtoMs));
	return Array.from({ length: doublings + 1 }, (_, probe) => Math.min(rtoMs * 2 ** probe, rtoMaxMs));
}

/** Returns how long an orphan probes a window that its peer keeps closed, counted from when the window closed. */
export function orphanProbeTimeoutMs(options: Parameters<typeof orphanProbeGapsMs>[0] = {}): number {
	return orphanProbeGapsMs(options).reduce((total, gap) => total + gap, 0);
}
