import type { LabContext } from './context.ts';
import type { EventOf, HostName } from './timeline/events.ts';
import { type CallName, isCall } from './timeline/history.ts';
import { pathOf } from './timeline/states.ts';

/** The history as a spec reads it. */
export class Timeline {
	readonly context: LabContext;

	constructor(context: LabContext) {
		this.context = context;
	}

	/** System calls of all peers, or of one side, of one family. */
	calls(name?: CallName, host?: HostName): readonly EventOf<'call'>[] {
		return this.context.history.of('call', host).filter((call) => name === undefined || isCall(call.name, name));
	}

	/** Segments, in the order in which they were sent. */
	segments(sender?: HostName): readonly EventOf<'segment'>[] {
		return this.context.history.segments.filter(({ host }) => sender === undefined || host === sender);
	}

	/** Errnos that reached sockets of a host: told by the kernel, or read with SO_ERROR. */
	errors(host?: HostName): readonly EventOf<'error'>[] {
		return this.context.history.of('error', host).filter(({ ghost }) => !ghost);
	}

	/** The states that the sockets of a host went through, in order. */
	states(host: HostName): readonly string[] {
		return pathOf(this.context.history.of('state', host), host);
	}

	/** When something happened last, by what it was; seconds since the start. */
	lastAction(): number {
		return this.context.history.lastAction;
	}
}
