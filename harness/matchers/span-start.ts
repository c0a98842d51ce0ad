import { describeEvent } from '../timeline/describe.ts';
import type { Event, HostName } from '../timeline/events.ts';
import type { History } from '../timeline/history.ts';

/** From when a span counts. */
export interface SpanStart {
	/** In seconds of the history. */
	readonly t: number;
	/** What happened then. */
	readonly what: string;
}

/** Calls that make TCP do something, and so start timers; the others only wait or ask. */
const ACTING_CALLS = ['connect', 'send', 'shutdown', 'close', 'setsockopt'];

/**
 * The last thing that the spec did to one host, or to one peer on it: what others did meanwhile starts no timer of
 * theirs.
 */
export function lastActionOf({ events }: Pick<History, 'events'>, host: HostName, peer?: string): SpanStart {
	const act = events.findLast((event) => isActionOn(event, host, peer));
	return act
		? { t: act.t, what: describeEvent(act).trim().replace(/\s+/g, ' ') }
		: { t: 0, what: 'the beginning of the scenario' };
}

function isActionOn(event: Event, host: HostName, peer?: string): boolean {
	if (event.kind === 'fault') return event.phase !== 'proven' && (event.host === host || event.what === 'link');
	if (event.kind !== 'process' && event.kind !== 'call') return false;
	if (event.host !== host || (peer !== undefined && event.peer !== peer)) return false;
	return event.kind === 'process'
		? event.what !== 'exited'
		: event.source === 'socket' && ACTING_CALLS.includes(event.name);
}
