import type { Event, HostName } from '../../timeline/events.ts';
import { acts, isDrawn, waits } from './calls.ts';
import { type Call, PRECISION } from './item.ts';

/** A call that took this long has blocked, whatever happened meanwhile. */
const BLOCKED_SECONDS = 0.1;
/** Of what a call itself does, so much is looked at for something else that happened meanwhile. */
const MOST_OWN = 64;

/** Something that is drawn, and when. */
interface Moment {
	readonly t: number;
	readonly host: HostName | undefined;
	/** What a call of that host may have done at once: segments, changes of state. */
	readonly isDeed: boolean;
}

/** Which calls are drawn, and where: in one place, or where they began and where they ended. */
export class CallPlaces {
	readonly #drawn = new Set<Call>();
	readonly #moments: readonly Moment[];

	constructor(events: readonly Event[]) {
		const moments: Moment[] = [];
		for (const event of events) {
			if (event.kind !== 'call') moments.push(...momentsOf(event));
			else if (isDrawn(event)) {
				this.#drawn.add(event);
				moments.push(...ofCall(event));
			}
		}
		this.#moments = moments.sort((one, other) => one.t - other.t);
	}

	get drawn(): readonly Call[] {
		return [...this.#drawn];
	}

	isDrawn(call: Call): boolean {
		return this.#drawn.has(call);
	}

	/**
	 * Whether something that is drawn happened while it blocked: then it is drawn where it began and where it ended. What a call sent at once stands beside
	 * it, and is no reason; connect() waits for an answer. A turn of an event loop begins nothing.
	 */
	isInTwo(call: Call): boolean {
		const { name, t, took, returned, errno } = call;
		if (returned === undefined && errno === undefined) return true;
		if (took === undefined) return false;
		if (took >= BLOCKED_SECONDS) return true;
		if (name.startsWith('epoll') || errno === 'EINPROGRESS') return false;
		// Its answer may bear a later time than its end.
		if (name === 'connect') return this.#happened(t, t + took + PRECISION, call.host);
		return took > PRECISION && this.#happened(t, t + took - PRECISION / 2, acts(call) ? call.host : undefined);
	}

	/** Whether anything is drawn between, deeds of `own` left out. */
	#happened(after: number, before: number, own: HostName | undefined): boolean {
		const first = this.#firstAfter(after);
		for (let index = first; index < first + MOST_OWN; index++) {
			const moment = this.#moments[index];
			if (moment === undefined || moment.t >= before) return false;
			if (own === undefined || moment.host !== own || !moment.isDeed) return true;
		}
		return true;
	}

	#firstAfter(t: number): number {
		let [low, high] = [0, this.#moments.length];
		while (low < high) {
			const middle = (low + high) >> 1;
			if ((this.#moments[middle]?.t ?? 0) <= t) low = middle + 1;
			else high = middle;
		}
		return low;
	}
}

/** A wait of an event loop has no beginning to the reader, and what acts has no end of its own. */
function ofCall(call: Call): Moment[] {
	const { host, t, took } = call;
	const begin = { t, host, isDeed: false };
	const end = { t: t + (took ?? 0), host, isDeed: false };
	if (took === undefined) return [begin];
	return took >= BLOCKED_SECONDS ? [begin, end] : [waits(call) || !acts(call) ? end : begin];
}

function momentsOf(event: Exclude<Event, Call>): Moment[] {
	switch (event.kind) {
		case 'segment':
		case 'icmp':
			return [{ t: event.t, host: event.host, isDeed: event.link === undefined }];
		case 'state':
			return event.ghost === true ? [] : [{ t: event.t, host: event.host, isDeed: true }];
		case 'error':
		case 'reset':
			return event.ghost === true ? [] : [{ t: event.t, host: event.host, isDeed: false }];
		case 'step':
			return [{ t: event.t, host: undefined, isDeed: false }];
		case 'fault':
		case 'process':
		case 'output':
			return [{ t: event.t, host: event.host, isDeed: false }];
		case 'sockets':
		case 'retransmit':
			return [];
	}
}
