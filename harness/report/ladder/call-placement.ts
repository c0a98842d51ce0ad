import type { Event, HostName } from '../../timeline/events.ts';
import { acts, isDrawn, waits } from './call-items.ts';
import { type Call, PRECISION, RETURN_PRECISION } from './item.ts';

/** A call that took this long has blocked, whatever happened meanwhile. */
const BLOCKED_SECONDS = 0.1;
/** Of what a call itself does, so much is looked at for something else that happened meanwhile. */
const MOST_OWN = 64;

/** Which calls are drawn, and where: in one place, or where they began and where they ended. */
export class CallPlacement {
	readonly #drawn = new Set<Call>();
	readonly #events: readonly Event[];
	/** When drawn calls ended. */
	readonly #ends: readonly number[];

	/** `events` in the order of time. */
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
	 * Whether something that is drawn happened while it blocked: then it is drawn where it began and where it ended. What
	 * a call sent at once stands beside it, and is no reason; connect() waits for an answer. A turn of an event loop
	 * begins nothing.
	 */
	isInTwo(call: Call): boolean {
		const { name, t, took, returned, errno } = call;
		if (returned === undefined && errno === undefined) return true;
		if (took === undefined) return false;
		if (took >= BLOCKED_SECONDS) return true;
		if (name.startsWith('epoll') || errno === 'EINPROGRESS') return false;
		// Its answer may bear a later time than its end.
		if (name === 'connect') return this.#happened(t, t + took + RETURN_PRECISION, call.host);
		return took > PRECISION && this.#happened(t, t + took - PRECISION / 2, acts(call) ? call.host : undefined);
	}

	/** Whether anything is drawn between; what a call of `own` may itself have done is left out. */
	#happened(after: number, before: number, own: HostName | undefined): boolean {
		const end = this.#ends[firstAfter(this.#ends, after, (t) => t)];
		if (end !== undefined && end < before) return true;
		const first = firstAfter(this.#events, after, ({ t }) => t);
		for (let index = first; index < first + MOST_OWN; index++) {
			const event = this.#events[index];
			if (event === undefined || event.t >= before) return false;
			if (this.#isOfInterest(event) && !(own !== undefined && isDeed(event, own))) return true;
		}
		return true;
	}

	#isOfInterest(event: Event): boolean {
		if ('ghost' in event && event.ghost === true) return false;
		// A wait has no beginning to the reader where nothing else happened meanwhile.
		if (event.kind === 'call')
			return this.#drawn.has(event) && (acts(event) || (event.took ?? BLOCKED_SECONDS) >= BLOCKED_SECONDS);
		return event.kind !== 'sockets' && event.kind !== 'retransmit';
	}
}

/** What a call of a host may have done at once: segments, changes of state. */
function isDeed(event: Event, host: HostName): boolean {
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
