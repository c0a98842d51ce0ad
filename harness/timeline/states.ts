import type { Endpoint } from '../formats/types.ts';
import type { EventOf, NodeName, StateEvent } from './events.ts';

/**
 * States that no tracepoint reports, because the socket is not a full one (net/ipv4/inet_timewait_sock.c,
 * request_sock.c). They come from `ss`.
 */
const UNTRACED = new Set(['TIME-WAIT', 'SYN-RECV', 'FIN-WAIT-2']);

/** The latest known state of a socket. */
interface LatestState {
	readonly state: string;
	readonly t: number;
	readonly sampled: boolean;
}

/** Derives state changes of one host's sockets from samples of `ss`, in addition to those that the kernel traced. */
export class SampledStates {
	readonly #latest = new Map<string, LatestState>();
	/** Whether there is a trace. If so, samples add only states that the kernel does not trace. */
	readonly #traced: boolean;

	constructor(traced: boolean) {
		this.#traced = traced;
	}

	/** Adds a traced change. It is ignored if a sample that was taken later has arrived before it. */
	trace({ t, local, remote, to }: StateEvent): void {
		const name = key(local, remote);
		const latest = this.#latest.get(name);
		if (latest === undefined || latest.t <= t) this.#latest.set(name, { state: to, t, sampled: false });
	}

	/** Adds a sample. Returns the changes that it shows. */
	sample({ t, host, boot, rows }: EventOf<'sockets'>): StateEvent[] {
		const changes: StateEvent[] = [];
		const present = new Set<string>();
		const change = (name: string, from: string, to: string) => {
			this.#latest.set(name, { state: to, t, sampled: true });
			const [local, remote] = endpoints(name);
			changes.push({ kind: 'state', t, host, boot, local, remote, from, to, how: 'sampled' });
		};
		for (const { state, local, remote } of rows) {
			const name = key(local, remote);
			present.add(name);
			const before = this.#latest.get(name);
			if (before?.state !== state && this.#isReported(before, state, t)) change(name, before?.state ?? 'CLOSED', state);
		}
		for (const [name, before] of this.#latest) {
			if (!present.has(name) && before.state !== 'CLOSED' && before.t < t && (before.sampled || !this.#traced))
				change(name, before.state, 'CLOSED');
		}
		return changes;
	}

	/**
	 * Whether a new state is taken from a sample. The trace may be ahead of the sample or behind it, so with a trace only
	 * states that it never reports are taken.
	 */
	#isReported(before: LatestState | undefined, state: string, t: number): boolean {
		if (before && before.t >= t) return false;
		if (!this.#traced || state === 'LISTEN') return true;
		return UNTRACED.has(state) && (before === undefined || before.state === 'CLOSED' || before.sampled);
	}
}

/**
 * Returns the states of a host's connections in order, without repetitions. Listeners are left out, and so is CLOSED if
 * the kernel only replaces the socket by a time-wait socket.
 */
export function pathOf(events: readonly StateEvent[], host: NodeName): string[] {
	const own = events.filter((event) => event.host === host && !event.ghost && event.remote.port !== 0);
	const path: string[] = [];
	for (const [index, event] of own.entries()) {
		if (path.at(-1) !== event.to && !isReplaced(event, own.slice(index + 1))) path.push(event.to);
	}
	return path;
}

/**
 * Returns when a socket entered a state, in seconds. A sampled state began before the sample. If a time-wait socket
 * replaced a full socket, it began when the kernel traced the end of the full socket.
 */
export function enteredAt(entered: StateEvent, events: readonly StateEvent[]): number {
	if (entered.how === 'traced') return entered.t;
	const before = events.findLast(
		(event) => event.t < entered.t && event.host === entered.host && isSameSocket(event, entered),
	);
	return before?.how === 'traced' && before.to === 'CLOSED' ? before.t : entered.t;
}

/** Whether a time-wait socket replaces the closed one. No tracepoint reports that (net/ipv4/inet_timewait_sock.c). */
function isReplaced({ local, remote, to }: StateEvent, later: readonly StateEvent[]): boolean {
	if (to !== 'CLOSED') return false;
	const next = later.find((event) => isSameSocket(event, { local, remote }));
	return next?.how === 'sampled' && (next.to === 'TIME-WAIT' || next.to === 'FIN-WAIT-2');
}

type LocalAndRemote = Pick<StateEvent, 'local' | 'remote'>;
const isSameSocket = (one: LocalAndRemote, other: LocalAndRemote) =>
	key(one.local, one.remote) === key(other.local, other.remote);
const key = (local: Endpoint, remote: Endpoint) => `${local.address} ${local.port} ${remote.address} ${remote.port}`;

function endpoints(name: string): [Endpoint, Endpoint] {
	const [localAddress = '', localPort, remoteAddress = '', remotePort] = name.split(' ');
	return [
		{ address: localAddress, port: Number(localPort) },
		{ address: remoteAddress, port: Number(remotePort) },
	];
}
