import type { LabContext } from './context.ts';
import type { State } from './tcp.ts';
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

	/** When a host last heard from the peer's port, in seconds: what a keepalive timer counts from. */
	lastHeard(host: HostName, peerPort: number): number {
		const heard = this.context.history.segments.filter((segment) => segment.host !== host && segment.from.port === peerPort);
		return heard.findLast(({ fate }) => fate === 'delivered')?.t ?? 0;
	}

	/** How long a socket of a host was in a state, in seconds, from the trace or, where the kernel does not trace it, from `ss`; undefined where it never left it. */
	timeIn(host: HostName, state: State): number | undefined {
		const changes = this.context.history.of('state', host).filter(({ ghost }) => !ghost);
		const entered = changes.findLast(({ to }) => to === state);
		const left = entered && changes.find(({ t, from }) => t > entered.t && from === state);
		return left && left.t - entered.t;
	}
}
