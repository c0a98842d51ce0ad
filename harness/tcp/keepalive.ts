import { z } from 'zod';
import { checked } from '../util/options.ts';
import { count, positiveTime, time } from './arguments.ts';
import { type Span, spanOf } from './span.ts';

/**
 * Returns when keepalive gives up a silent peer: after the idle time and `probes` intervals (net/ipv4/tcp_timer.c,
 * `tcp_keepalive_timer`). `time` and `interval` are in seconds, as the sysctls are.
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
 * Returns when keepalive gives up a silent peer with TCP_USER_TIMEOUT, which replaces the number of probes
 * (net/ipv4/tcp_timer.c, `tcp_keepalive_timer`): at the first expiry of the timer after the user timeout has passed,
 * but never at the expiry that sends the first probe. `time` and `interval` are in seconds, as the options are.
 */
export function keepaliveUserTimeout(options: { time: number; interval: number; userTimeoutMs: number }): Span {
	const schema = z.strictObject({ time, interval: positiveTime, userTimeoutMs: positiveTime });
	const { time: idle, interval, userTimeoutMs } = checked(schema, options, 'keepaliveUserTimeout');
	const probes = Math.max(1, Math.ceil((userTimeoutMs - idle * 1_000) / (interval * 1_000)));
	return keepaliveTimeout({ time: idle, interval, probes });
}
