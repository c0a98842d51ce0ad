import type { CapturedSegment, TcpOptions } from '../formats/types.ts';
import { Coverage, type HostObserver, type Observer } from './coverage.ts';
import type { Event, EventKind, EventOf, HostName } from './events.ts';
import { type JoinContext, PacketJoin, type PacketObservation } from './packet-join.ts';
import type { Loss, Skip } from './timeline-file.ts';

/** The call families of a name that a reader would use: what libraries really call differs from program to program. */
const FAMILIES: Readonly<Record<string, readonly string[]>> = {
	read: ['read', 'readv', 'preadv2', 'recv', 'recvfrom', 'recvmsg', 'recvmmsg'],
	write: ['write', 'writev', 'pwritev2', 'send', 'sendto', 'sendmsg', 'sendmmsg', 'sendfile'],
	poll: ['poll', 'ppoll', 'select', 'pselect6', 'epoll_wait', 'epoll_pwait', 'epoll_pwait2'],
	accept: ['accept', 'accept4'],
};
export const CALL_NAMES = [
	'read',
	'write',
	'poll',
	'accept',
	'connect',
	'close',
	'shutdown',
	'listen',
	'bind',
	'socket',
] as const;
export type CallName = (typeof CALL_NAMES)[number];

/** True if a system call is one of those that `wanted` stands for. */
export function isCall(name: string, wanted: CallName): boolean {
	return (FAMILIES[wanted] ?? [wanted]).includes(name);
}

/** Packets are joined from what observers saw of them; all else is told. */
type NonPacketEvent = Exclude<Event, { kind: 'segment' | 'icmp' }>;

/** The same of a call that was made: splice is a read or a write by what it was made on. */
export function isCallOf({ name, as }: Pick<EventOf<'call'>, 'name' | 'as'>, wanted: CallName): boolean {
	return isCall(name, wanted) || as === wanted;
}

/** The one ordered history of both hosts. Probes add to it; all others only read. */
export class History implements JoinContext {
	#start: number;
	readonly addresses: Readonly<Record<HostName, string>>;
	#events: NonPacketEvent[] = [];
	#packets = new PacketJoin(this);
	#lastSyn: Partial<Record<HostName, CapturedSegment>> = {};
	#lastLook: Partial<Record<HostName, number>> = {};
	/** What the observers have told for certain, and what they have lost. */
	readonly coverage = new Coverage();
	/** What was sent before is settled. */
	#finalUntil = Number.NEGATIVE_INFINITY;
	readonly #skipped: Skip[] = [];
	readonly #listeners = new Set<() => void>();
	/** All but packets, in order. */
	#sortedNonPackets: readonly NonPacketEvent[] | undefined;
	#sorted: readonly Event[] | undefined;

	constructor(origin: number, addresses: Readonly<Record<HostName, string>>) {
		this.#start = origin;
		this.addresses = addresses;
	}

	/**
	 * Everything is set up: from here on time is counted (seconds since the epoch). What preparation left in the history
	 * is forgotten.
	 */
	begin(origin: number): void {
		this.coverage.begin(origin - this.#start);
		this.#start = origin;
		this.#events.length = 0;
		this.#packets = new PacketJoin(this);
		this.#lastSyn = {};
		this.#finalUntil = Number.NEGATIVE_INFINITY;
		this.#lastLook = {};
		this.#changed();
	}

	hostOf(address: string): HostName | undefined {
		if (address === this.addresses.client) return 'client';
		return address === this.addresses.server ? 'server' : undefined;
	}

	/** A time of a host's clock (seconds since the epoch) as seconds since the start, whole microseconds. */
	at(epochSeconds: number): number {
		return Math.round((epochSeconds - this.#start) * 1e6) / 1e6;
	}

	add(event: NonPacketEvent): void {
		this.#events.push(event);
		this.#changed();
	}

	/** Puts an event in the place of an earlier one of which more is known now: a call that has returned. */
	replace(earlier: NonPacketEvent, event: NonPacketEvent): void {
		const index = this.#events.lastIndexOf(earlier);
		if (index < 0) this.#events.push(event);
		else this.#events[index] = event;
		this.#changed();
	}

	/**
	 * Takes back what programs of a host were seen to do after its power had gone, by a time of the history: their news
	 * was quicker than that of the power.
	 */
	retract(host: HostName, after: number): void {
		const kept = this.#events.filter(
			(event) => !((event.kind === 'call' || event.kind === 'output') && event.host === host && event.t > after),
		);
		if (kept.length === this.#events.length) return;
		this.#events = kept;
		this.#changed();
	}

	/** A packet seen leaving, arriving or being dropped; fates are told from all observations together. */
	observe(observation: PacketObservation): void {
		this.#packets.observe(observation);
		const { what, host, packet } = observation;
		if (what === 'left' && packet.kind === 'segment' && !packet.loopback && packet.flags.includes('S'))
			this.#lastSyn[host] = packet;
		this.#sorted = undefined;
		this.notify();
	}

	/**
	 * An observer missed something; with `since`, all that it would have told from then on is unknown, and fates with it.
	 */
	lose(loss: Loss): void {
		this.coverage.lose(loss);
		this.#packets.invalidate();
		this.#changed();
	}

	/** An observer runs, and tells all from `t` on. */
	started(observed: HostObserver, t: number): void {
		this.coverage.started(observed, t);
		this.#packets.invalidate();
		this.#changed();
	}

	/** When `ss` last looked at each host. */
	get lastLook(): Readonly<Partial<Record<HostName, number>>> {
		return { ...this.#lastLook };
	}

	/** An observer has told all up to `t`, and sees again if it did not. */
	markComplete(observed: HostObserver, t: number): void {
		if (observed.observer === 'ss') this.#lastLook[observed.host] = t;
		this.coverage.markComplete(observed, t);
		if (this.coverage.openLoss(observed)) this.recover(observed, t);
	}

	/** An observer tells all again from `t` on. */
	recover(observed: HostObserver, t: number): void {
		this.coverage.recover(observed, t);
		this.#packets.invalidate();
		this.#changed();
	}

	get losses(): readonly Loss[] {
		return this.coverage.losses;
	}

	/** Whether what an observer would have told of that time is unknown. */
	isBlind(observer: Observer, host: HostName, t: number): boolean {
		return this.coverage.isBlind(observer, host, t);
	}

	/** Whether nothing that observers have still to tell can change what became of a packet. */
	isFinal(packet: EventOf<'segment'> | EventOf<'icmp'>): boolean {
		return this.coverage.isFinal(packet);
	}

	/** Whether what became of some packet that was sent before `t` may still change. */
	hasOpenFateBefore(t: number): boolean {
		const { packets } = this;
		for (let index = packets.length - 1; index >= 0; index--) {
			const packet = packets[index];
			if (!packet || packet.t <= this.#finalUntil) break;
			if (packet.t <= t && !this.isFinal(packet)) return true;
		}
		this.#finalUntil = Math.max(t, this.#finalUntil);
		return false;
	}

	/** Says that something could not be put to the test here. */
	skip(skip: Skip): void {
		this.#skipped.push(skip);
	}

	get skipped(): readonly Skip[] {
		return this.#skipped;
	}

	/** Everything so far, in the order in which it happened. */
	get events(): readonly Event[] {
		this.#sorted ??= inOrder<Event>([...this.#nonPackets, ...this.packets]);
		return this.#sorted;
	}

	get segments(): readonly EventOf<'segment'>[] {
		return this.#packets.segments;
	}

	/** Segments and ICMP messages, in order. */
	get packets(): readonly (EventOf<'segment'> | EventOf<'icmp'>)[] {
		const { segments, icmp } = this.#packets;
		return icmp.length === 0 ? segments : inOrder([...segments, ...icmp]);
	}

	/** How many RSTs and ICMP messages left a host as answers to what a fault rejected. */
	countAnswersTo(fault: string): number {
		return this.#packets.countAnswersTo(fault);
	}

	/** TCP options of the SYN or SYN-ACK that a host sent last, as its own capture saw them leave. */
	synOptions(host: HostName): TcpOptions | undefined {
		return this.#lastSyn[host]?.options;
	}

	/** All events of a kind, in order. */
	of<K extends EventKind>(kind: K, host?: HostName): readonly EventOf<K>[] {
		const { segments, icmp } = this.#packets;
		const packets = kind === 'segment' ? segments : kind === 'icmp' ? icmp : undefined;
		if (packets && host === undefined) return packets as readonly Event[] as readonly EventOf<K>[];
		const events: readonly Event[] = packets ?? this.#nonPackets;
		return events.filter(
			(event): event is EventOf<K> =>
				event.kind === kind && (host === undefined || ('host' in event && event.host === host)),
		);
	}

	/** Calls `listener` after every change, until the returned function is called. */
	onChange(listener: () => void): () => void {
		this.#listeners.add(listener);
		return () => this.#listeners.delete(listener);
	}

	/** Nothing was added, but who waits may look again: sockets were looked at, and only a timer has run on. */
	notify(): void {
		for (const listener of this.#listeners) listener();
	}

	get #nonPackets(): readonly NonPacketEvent[] {
		this.#sortedNonPackets ??= inOrder(this.#events);
		return this.#sortedNonPackets;
	}

	#changed(): void {
		this.#sortedNonPackets = undefined;
		this.#sorted = undefined;
		this.notify();
	}
}

const inOrder = <E extends Event>(events: readonly E[]): E[] => [...events].sort((a, b) => a.t - b.t);
