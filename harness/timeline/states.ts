import type { Endpoint } from '../formats/types.ts';
import type { EventOf, HostName } from './events.ts';

type StateEvent = EventOf<'state'>;
type SocketsEvent = EventOf<'sockets'>;

/**
 * States that no tracepoint tells of, because no full socket stands behind them (net/ipv4/inet_timewait_sock.c,
 * request_sock.c): they come from `ss`.
 */
const UNTRACED = new Set(['TIME-WAIT', 'SYN-RECV', 'FIN-WAIT-2']);

interface Known {
	readonly state: string;
	readonly t: number;
	readonly sampled: boolean;
}

/**
 * Tells the states of the sockets of one host from the looks at `ss` that were taken, beside what the kernel traced.
 */
export class SampledStates {
	readonly #known = new Map<string, Known>();
	/** With a trace, only what the kernel does not trace is told; without, everything. */
	readonly #traced: boolean;

	constructor(traced: boolean) {
		this.#traced = traced;
	}

	/** What the kernel told by itself. It may come after a look that was taken later, and takes nothing of that back. */
	trace({ t, local, remote, to }: StateEvent): void {
		const name = key(local, remote);
		const known = this.#known.get(name);
		if (known === undefined || known.t <= t) this.#known.set(name, { state: to, t, sampled: false });
	}

	/** The changes that a new look shows. */
	sample({ t, host, boot, rows }: SocketsEvent): StateEvent[] {
		const changes: StateEvent[] = [];
		const present = new Set<string>();
		const change = (name: string, from: string, to: string) => {
			this.#known.set(name, { state: to, t, sampled: true });
			const [local, remote] = endpoints(name);
			changes.push({ kind: 'state', t, host, boot, local, remote, from, to, how: 'sampled' });
		};
		for (const { state, local, remote } of rows) {
			const name = key(local, remote);
			present.add(name);
			const before = this.#known.get(name);
			if (before?.state !== state && this.#appears(before, state, t)) change(name, before?.state ?? 'CLOSED', state);
		}
		for (const [name, before] of this.#known) {
			if (!present.has(name) && before.state !== 'CLOSED' && before.t < t && (before.sampled || !this.#traced))
				change(name, before.state, 'CLOSED');
		}
		return changes;
	}

	/**
	 * The trace may be behind the look or before it: where the kernel traces, only what it never tells is taken from
	 * `ss`.
	 */
	#appears(before: Known | undefined, state: string, t: number): boolean {
		if (before && before.t >= t) return false;
		if (!this.#traced || state === 'LISTEN') return true;
		return UNTRACED.has(state) && (before === undefined || before.state === 'CLOSED' || before.sampled);
	}
}

/**
 * The states that the connections of a host went through, in order, each once in a row. Listeners are no connections,
 * and the kernel's hand-over to a TIME-WAIT socket is no close.
 */
export function pathOf(events: readonly StateEvent[], host: HostName): string[] {
	const own = events.filter((event) => event.host === host && !event.ghost && event.remote.port !== 0);
	const path: string[] = [];
	for (const [index, event] of own.entries()) {
		if (path.at(-1) !== event.to && !isHandedOver(event, own.slice(index + 1))) path.push(event.to);
	}
	return path;
}

/**
 * When a socket came to a state, in seconds. What `ss` saw began earlier: a socket that goes on as a small one did so
 * when the kernel traced the end of the full one.
 */
export function enteredAt(entered: StateEvent, events: readonly StateEvent[]): number {
	if (entered.how === 'traced') return entered.t;
	const before = events.findLast(
		(event) => event.t < entered.t && event.host === entered.host && isOfOneSocket(event, entered),
	);
	return before?.how === 'traced' && before.to === 'CLOSED' ? before.t : entered.t;
}

/** The socket that is closed goes on as a small one, which no tracepoint tells of (net/ipv4/inet_timewait_sock.c). */
function isHandedOver({ local, remote, to }: StateEvent, later: readonly StateEvent[]): boolean {
	if (to !== 'CLOSED') return false;
	const next = later.find((event) => isOfOneSocket(event, { local, remote }));
	return next?.how === 'sampled' && (next.to === 'TIME-WAIT' || next.to === 'FIN-WAIT-2');
}

type Ends = Pick<StateEvent, 'local' | 'remote'>;
const isOfOneSocket = (one: Ends, other: Ends) => key(one.local, one.remote) === key(other.local, other.remote);
const key = (local: Endpoint, remote: Endpoint) => `${local.address} ${local.port} ${remote.address} ${remote.port}`;

function endpoints(name: string): [Endpoint, Endpoint] {
	const [localAddress = '', localPort, remoteAddress = '', remotePort] = name.split(' ');
	return [
		{ address: localAddress, port: Number(localPort) },
		{ address: remoteAddress, port: Number(remotePort) },
	];
}
