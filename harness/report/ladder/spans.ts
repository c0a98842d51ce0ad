import type { Event, EventOf, HostName } from '../../timeline/events.ts';
import { duration } from '../words.ts';
import { keyOf } from './connections.ts';
import type { Band, Outage, Span, TimerSpan } from './model.ts';

/** A span that has no place beside the others yet. */
export type Unplaced<S extends Span> = Omit<S, 'lane'>;

/** Gives spans their lanes: what has one `key` stays in one, and the first that is free is taken. */
export function inLanes<S extends Span>(spans: readonly (Unplaced<S> & { readonly key: string })[]): S[] {
	const whole = new Map<string, { host: HostName; t: number; until: number }>();
	for (const { host, key, t, until } of spans) {
		const known = whole.get(`${host} ${key}`);
		whole.set(`${host} ${key}`, { host, t: Math.min(known?.t ?? t, t), until: Math.max(known?.until ?? until, until) });
	}
	const lanes = new Map<string, number>();
	const busyUntil: Record<HostName, number[]> = { client: [], server: [] };
	for (const [name, { host, t, until }] of [...whole].sort(([, one], [, other]) => one.t - other.t)) {
		const free = busyUntil[host].findIndex((busy) => busy <= t);
		const lane = free === -1 ? busyUntil[host].length : free;
		busyUntil[host][lane] = until;
		lanes.set(name, lane);
	}
	return spans.map(({ key, ...span }) => ({ ...span, lane: lanes.get(`${span.host} ${key}`) ?? 0 }) as unknown as S);
}

interface Open {
	readonly state: string;
	readonly t: number;
	readonly sampled: boolean;
	/** Its words in the ladder: `49152 ↔ 8080`. */
	readonly ends: string;
}

/** The states of the sockets of both hosts, each as long as it lasted. A host without power has none. */
export function bandsOf(events: readonly Event[], end: number): Band[] {
	const bands: (Unplaced<Band> & { key: string })[] = [];
	const open: Record<HostName, Map<string, Open>> = { client: new Map(), server: new Map() };
	/** When the kernel told that a full socket had ended: a small one may go on from there. */
	const handedOver = new Map<string, number>();
	const close = (host: HostName, key: string, until: number) => {
		const was = open[host].get(key);
		if (was === undefined) return;
		open[host].delete(key);
		const title = `${was.state}${was.sampled ? ' (seen by ss)' : ''}, ${was.ends}\nfrom ${was.t.toFixed(3)} s to ${until.toFixed(3)} s: ${duration(until - was.t)}`;
		bands.push({ host, key, state: was.state, t: was.t, until, title });
	};
	for (const event of events) {
		if (event.kind === 'fault' && event.what === 'power' && event.phase === 'injected') {
			for (const key of [...open[event.host].keys()]) close(event.host, key, event.t);
		}
		if (event.kind !== 'state' || event.ghost === true) continue;
		const { host, t, to, how } = event;
		const key = socketKey(event);
		close(host, key, t);
		if (to === 'CLOSED') handedOver.set(`${host} ${key}`, t);
		else {
			const began = how === 'sampled' ? handedOver.get(`${host} ${key}`) : undefined;
			open[host].set(key, { state: to, t: began ?? t, sampled: how === 'sampled', ends: endsOf(event) });
			handedOver.delete(`${host} ${key}`);
		}
	}
	for (const host of ['client', 'server'] as const) for (const key of [...open[host].keys()]) close(host, key, end);
	return inLanes(bands);
}

/** The timers that `ss` showed, each from the first look that showed it to the first that did not. */
export function timersOf(events: readonly Event[], end: number): TimerSpan[] {
	const timers: (Unplaced<TimerSpan> & { key: string })[] = [];
	const running: Record<HostName, Map<string, { name: string; t: number; count: number; ends: string }>> = { client: new Map(), server: new Map() };
	const stop = (host: HostName, key: string, until: number) => {
		const was = running[host].get(key);
		if (was === undefined) return;
		running[host].delete(key);
		const title = `timer ${was.name}, ${was.ends}\nshown by ss from ${was.t.toFixed(3)} s to ${until.toFixed(3)} s, its count up to ${was.count}`;
		timers.push({ host, key, name: was.name, t: was.t, until, title });
	};
	for (const event of events) {
		if (event.kind === 'fault' && event.what === 'power' && event.phase === 'injected') {
			for (const key of [...running[event.host].keys()]) stop(event.host, key, event.t);
		}
		if (event.kind !== 'sockets') continue;
		const { host, t, rows } = event;
		const shown = new Map(rows.flatMap((row) => (row.timer === undefined ? [] : [[socketKey(row), { ...row.timer, ends: endsOf(row) }] as const])));
		for (const [key, was] of [...running[host]]) if (shown.get(key)?.name !== was.name) stop(host, key, t);
		for (const [key, { name, count, ends }] of shown) {
			const known = running[host].get(key);
			running[host].set(key, known ? { ...known, count: Math.max(known.count, count) } : { name, t, count, ends });
		}
	}
	for (const host of ['client', 'server'] as const) for (const key of [...running[host].keys()]) stop(host, key, end);
	return inLanes(timers);
}

/** Faults, from the moment they took effect to the moment they were mended. */
export function outagesOf(events: readonly Event[], end: number): Outage[] {
	const faults = events.filter((event) => event.kind === 'fault');
	const mended = new Map(faults.filter(({ phase }) => phase === 'healed').map(({ id, t }) => [id, t]));
	const broken = faults.filter(({ phase }) => phase === 'injected');
	return inLanes(
		broken.map((fault: EventOf<'fault'>) => {
			const { id, what, host, t, text } = fault;
			const until = Math.max(t, mended.get(id) ?? end);
			const title = `${text}\nfrom ${t.toFixed(3)} s ${mended.has(id) ? `to ${until.toFixed(3)} s: ${duration(until - t)}` : 'to the end'}`;
			return { host, key: id, what, t, until, title };
		}),
	);
}

type Ends = Pick<EventOf<'state'>, 'local' | 'remote'>;

/** A listener has no other end. */
function socketKey(socket: Ends): string {
	return keyOf('client', socket) ?? `listener ${socket.local.port}`;
}

function endsOf({ local, remote }: Ends): string {
	return remote.port === 0 ? `port ${local.port}` : `port ${local.port}, peer’s ${remote.port}`;
}
