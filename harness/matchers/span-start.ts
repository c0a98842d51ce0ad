import { describeEvent } from '../timeline/describe.ts';
import type { Event, NodeName } from '../timeline/events.ts';
import type { History } from '../timeline/history.ts';

/** The time from which the lower bound of a span counts. */
export interface SpanStart {
	/** In seconds of the history. */
	readonly t: number;
	/** A description of what happened at that time. */
	readonly what: string;
}

/** Calls that make TCP do something, and so may start a timer. The other calls only wait or read. */
const ACTING_CALLS = ['connect', 'send', 'shutdown', 'close', 'setsockopt'];

/**
 * Returns the last action of the spec on a host, or on one peer of it. Actions on other hosts and peers start none of
 * its timers, so they do not count.
 */
export function lastActionOf({ events }: Pick<History, 'events'>, host: NodeName, peer?: string): SpanStart {
	const action = events.findLast((event) => isActionOn(event, host, peer));
	return action
		? { t: action.t, what: describeEvent(action).trim().replace(/\s+/g, ' ') }
		: { t: 0, what: 'the beginning of the scenario' };
}

function isActionOn(event: Event, host: NodeName, peer?: string): boolean {
	if (event.kind === 'fault') return event.phase !== 'proven' && (event.host === host || event.what === 'link');
	if (event.kind !== 'process' && event.kind !== 'call') return false;
	if (event.host !== host || (peer !== undefined && event.peer !== peer)) return false;
	return event.kind === 'process'
		? event.what !== 'exited'
		: event.source === 'socket' && ACTING_CALLS.includes(event.name);
}
