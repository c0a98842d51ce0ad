import {
	type Event,
	type EventOf,
	forEachNode,
	type MachineName,
	NODE_NAMES,
	type NodeName,
} from '../../timeline/events.ts';
import { duration } from '../text-format.ts';
import type { Connections, SocketAddresses } from './connections.ts';
import type { LadderSpan, Outage, StateSpan, TimerSpan } from './model.ts';

/** A span that has no lane yet. Spans with the same `key` share a lane. */
export type WithoutLane<S extends LadderSpan<MachineName>> = Omit<S, 'lane'> & {
	readonly key: string;
	readonly connection: string | undefined;
};

/** Assigns lanes to spans: the first that is free. */
export function inLanes<S extends LadderSpan<MachineName>>(spans: readonly WithoutLane<S>[]): S[] {
	const whole = new Map<string, { host: MachineName; t: number; until: number }>();
	for (const { host, key, t, until } of spans) {
		const known = whole.get(`${host} ${key}`);
		whole.set(`${host} ${key}`, { host, t: Math.min(known?.t ?? t, t), until: Math.max(known?.until ?? until, until) });
	}
	const lanes = new Map<string, number>();
	const busyUntil: Record<MachineName, number[]> = { ...forEachNode((): number[] => []), wire: [] };
	for (const [name, { host, t, until }] of [...whole].sort(([, one], [, other]) => one.t - other.t)) {
		const free = busyUntil[host].findIndex((busy) => busy <= t);
		const lane = free === -1 ? busyUntil[host].length : free;
		busyUntil[host][lane] = until;
		lanes.set(name, lane);
	}
	return spans.map(
		({ key, connection: _, ...span }) => ({ ...span, lane: lanes.get(`${span.host} ${key}`) ?? 0 }) as unknown as S,
	);
}

/** A socket whose state has not ended yet. */
interface OpenState {
	readonly state: string;
	readonly t: number;
	readonly sampled: boolean;
	/** Its ports, described. */
	readonly ports: string;
	readonly connection: string | undefined;
}

/** Returns until when the last reported states of a host's sockets are known, in seconds. */
export type LastKnown = (host: NodeName, how: 'traced' | 'sampled') => number;

/** Returns the states of all sockets, each as long as it is known. A host without power has no sockets. */
export function bandsOf(
	events: readonly Event[],
	end: number,
	lastKnown: LastKnown,
	connections: Connections,
): WithoutLane<StateSpan>[] {
	const bands: WithoutLane<StateSpan>[] = [];
	const open = forEachNode(() => new Map<string, OpenState>());
	/** When the kernel closed a full socket. A minisocket (TIME-WAIT, FIN-WAIT-2) may continue it. */
	const handedOver = new Map<string, number>();
	const close = (host: NodeName, key: string, until: number) => {
		const was = open[host].get(key);
		if (was === undefined) return;
		open[host].delete(key);
		const title =
			`${was.state}${was.sampled ? ' (sampled by ss)' : ''}, ${was.ports}\nfrom ${was.t.toFixed(3)} s to ` +
			`${until.toFixed(3)} s: ${duration(until - was.t)}`;
		bands.push({ host, key, state: was.state, t: was.t, until, known: true, title, connection: was.connection });
	};
	/** Ends a state where it is no longer known, which may be before the end of the picture. */
	const leave = (host: NodeName, key: string, was: OpenState) => {
		const known = Math.min(end, Math.max(was.t, lastKnown(host, was.sampled ? 'sampled' : 'traced')));
		close(host, key, known);
		if (known >= end) return;
		const title = `${was.state}?, ${was.ports}\nnot observed after ${known.toFixed(3)} s`;
		bands.push({ host, key, state: was.state, t: known, until: end, known: false, title, connection: was.connection });
	};
	for (const event of events) {
		const off = poweredOff(event);
		if (off) for (const key of [...open[off].keys()]) close(off, key, event.t);
		if (event.kind === 'conntrack') {
			const { host, t, id, what, original, state = 'known' } = event;
			const key = `conntrack ${id}`;
			close(host, key, t);
			const ends = { local: original.from, remote: original.to };
			const connection = connections.keyOf('client', ends);
			if (what !== 'destroyed') open[host].set(key, { state, t, sampled: false, ports: portsOf(ends), connection });
			continue;
		}
		if (event.kind !== 'state' || event.ghost === true) continue;
		const { host, t, to, how } = event;
		const key = socketKey(event);
		close(host, key, t);
		if (to === 'CLOSED') handedOver.set(`${host} ${key}`, t);
		else {
			const began = how === 'sampled' ? handedOver.get(`${host} ${key}`) : undefined;
			open[host].set(key, {
				state: to,
				t: began ?? t,
				sampled: how === 'sampled',
				ports: portsOf(event),
				connection: connections.keyOf(host, event),
			});
			handedOver.delete(`${host} ${key}`);
		}
	}
	for (const host of NODE_NAMES) for (const [key, was] of [...open[host]]) leave(host, key, was);
	return bands;
}

/** A timer that has not stopped yet. */
interface RunningTimer {
	readonly name: string;
	readonly t: number;
	readonly count: number;
	readonly ports: string;
	readonly connection: string | undefined;
}

/**
 * Returns the timers that `ss` showed: each from the first sample with it to the first without it, or to the last
 * sample.
 */
export function timersOf(
	events: readonly Event[],
	end: number,
	lastKnown: LastKnown,
	connections: Connections,
): WithoutLane<TimerSpan>[] {
	const timers: WithoutLane<TimerSpan>[] = [];
	const running = forEachNode(() => new Map<string, RunningTimer>());
	const stop = (host: NodeName, key: string, until: number) => {
		const was = running[host].get(key);
		if (was === undefined) return;
		running[host].delete(key);
		const title =
			`timer ${was.name}, ${was.ports}\nshown by ss from ${was.t.toFixed(3)} s to ${until.toFixed(3)} s, its count ` +
			`up to ${was.count}`;
		timers.push({ host, key, name: was.name, t: was.t, until, title, connection: was.connection });
	};
	for (const event of events) {
		const off = poweredOff(event);
		if (off) for (const key of [...running[off].keys()]) stop(off, key, event.t);
		if (event.kind !== 'sockets') continue;
		const { host, t, rows } = event;
		const shown = new Map(
			rows.flatMap((row) =>
				row.timer === undefined
					? []
					: [
							[
								socketKey(row),
								{ ...row.timer, ports: portsOf(row), connection: connections.keyOf(host, row) },
							] as const,
						],
			),
		);
		for (const [key, was] of [...running[host]]) if (shown.get(key)?.name !== was.name) stop(host, key, t);
		for (const [key, { name, count, ports, connection }] of shown) {
			const known = running[host].get(key);
			running[host].set(
				key,
				known ? { ...known, count: Math.max(known.count, count) } : { name, t, count, ports, connection },
			);
		}
	}
	for (const host of NODE_NAMES) {
		const until = Math.min(end, lastKnown(host, 'sampled'));
		for (const [key, { t }] of [...running[host]]) stop(host, key, Math.max(t, until));
	}
	return timers;
}

/** Returns the faults, each from its injection until it was healed. */
export function outagesOf(events: readonly Event[], end: number): Outage[] {
	const faults = events.filter((event) => event.kind === 'fault');
	const healed = new Map(faults.filter(({ phase }) => phase === 'healed').map(({ id, t }) => [id, t]));
	const injected = faults.filter(({ phase }) => phase === 'injected');
	return inLanes(
		injected.map((fault: EventOf<'fault'>) => {
			const { id, what, host, t, text } = fault;
			const until = Math.max(t, healed.get(id) ?? end);
			const title =
				`${text}\nfrom ${t.toFixed(3)} s ` +
				`${healed.has(id) ? `to ${until.toFixed(3)} s: ${duration(until - t)}` : 'to the end'}`;
			return { host, key: id, what, t, until, title, connection: undefined };
		}),
	);
}

/** Returns the host whose power this event switches off. */
function poweredOff(event: Event): NodeName | undefined {
	if (event.kind !== 'fault' || event.what !== 'power' || event.phase !== 'injected') return undefined;
	return event.host === 'wire' ? undefined : event.host;
}

/** Returns a key for a socket. A listener has no remote port. */
function socketKey(socket: SocketAddresses): string {
	return socket.remote.port === 0 ? `listener ${socket.local.port}` : `${socket.local.port} ${socket.remote.port}`;
}

function portsOf({ local, remote }: SocketAddresses): string {
	return remote.port === 0 ? `port ${local.port}` : `port ${local.port}, peer’s ${remote.port}`;
}
