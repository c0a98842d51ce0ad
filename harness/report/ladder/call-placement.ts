import type { Event, NodeName } from '../../timeline/events.ts';
import { acts, isDrawn, waits } from './call-items.ts';
import { type Call, PRECISION, RETURN_PRECISION } from './item.ts';

/** A call that took at least this long is drawn twice, whatever happened meanwhile. */
const BLOCKED_SECONDS = 0.1;
/** The largest number of events that are searched for one that the call did not cause. */
const MOST_SEARCHED = 64;

/** Decides which calls are drawn, and whether once, or twice: at their beginning and at their end. */
export class CallPlacement {
	readonly #drawn = new Set<Call>();
	readonly #events: readonly Event[];
	/** The sorted times at which drawn calls ended. */
	readonly #ends: readonly number[];

	/** `events` must be in the order of time. */
	constructor(events: readonly Event[]) {
		this.#events = events;
		for (const event of events) if (event.kind === 'call' && isDrawn(event)) this.#drawn.add(event);
		this.#ends = this.drawn
			.filter((call) => call.took !== undefined && (call.took >= BLOCKED_SECONDS || waits(call) || !acts(call)))
			.map((call) => call.t + (call.took ?? 0))
			.sort((one, other) => one - other);
	}

	get drawn(): readonly Call[] {
		return [...this.#drawn];
	}

	isDrawn(call: Call): boolean {
		return this.#drawn.has(call);
	}

	/**
	 * Returns whether the call is drawn twice. It is if something else that is drawn happened while it blocked. Segments
	 * that the call itself sent at once do not count, because they are drawn beside it; but connect() waits for an
	 * answer. An iteration of an event loop is drawn once.
	 */
	isInTwo(call: Call): boolean {
		const { name, t, took, returned, errno } = call;
		if (returned === undefined && errno === undefined) return true;
		if (took === undefined) return false;
		if (took >= BLOCKED_SECONDS) return true;
		if (name.startsWith('epoll') || errno === 'EINPROGRESS') return false;
		// The recorded time of its answer may be later than its end.
		if (name === 'connect') return this.#happened(t, t + took + RETURN_PRECISION, call.host);
		return took > PRECISION && this.#happened(t, t + took - PRECISION / 2, acts(call) ? call.host : undefined);
	}

	/** Returns whether anything that is drawn happened in between. Effects of a call of the host `own` do not count. */
	#happened(after: number, before: number, own: NodeName | undefined): boolean {
		const end = this.#ends[firstAfter(this.#ends, after, (t) => t)];
		if (end !== undefined && end < before) return true;
		const first = firstAfter(this.#events, after, ({ t }) => t);
		for (let index = first; index < first + MOST_SEARCHED; index++) {
			const event = this.#events[index];
			if (event === undefined || event.t >= before) return false;
			if (this.#counts(event) && !(own !== undefined && isEffect(event, own))) return true;
		}
		return true;
	}

	#counts(event: Event): boolean {
		if ('ghost' in event && event.ghost === true) return false;
		// A short call that does not send is drawn once, so its beginning does not count.
		if (event.kind === 'call')
			return this.#drawn.has(event) && (acts(event) || (event.took ?? BLOCKED_SECONDS) >= BLOCKED_SECONDS);
		return event.kind !== 'sockets' && event.kind !== 'retransmit';
	}
}

/** Returns whether an event may be the immediate effect of a call on this host: a segment or a change of state. */
function isEffect(event: Event, host: NodeName): boolean {
	if (event.kind === 'state') return event.host === host;
	return (event.kind === 'segment' || event.kind === 'icmp') && event.host === host && event.link === undefined;
}

function firstAfter<T>(values: readonly T[], t: number, timeOf: (value: T) => number): number {
	let [low, high] = [0, values.length];
	while (low < high) {
		const middle = (low + high) >> 1;
		if (timeOf(values[middle] as T) <= t) low = middle + 1;
		else high = middle;
	}
	return low;
}
