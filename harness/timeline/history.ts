import type { CapturedSegment, TcpOptions } from '../formats/types.ts';
import { Coverage, type HostObserver, isHeld, type Observer } from './coverage.ts';
import type {
	Event,
	EventKind,
	EventOf,
	HostName,
	MachineName,
	NodeName,
	PacketEvent,
	SegmentEvent,
} from './events.ts';
import { type JoinContext, PacketJoin, type PacketObservation } from './packet-join.ts';
import type { Passage } from './passage.ts';
import type { Loss, Skip } from './timeline-file.ts';
import { type BothSides, type Ends, endsOf, isSameEnds, type Translation, Translations } from './translations.ts';

/** An event that a probe adds as it is. Events of packets are joined from observations. */
type NonPacketEvent = Exclude<Event, { kind: 'segment' | 'icmp' }>;

/** All addresses of each node of a lab. */
export type Addresses = Readonly<Record<HostName, readonly string[]> & { readonly router?: readonly string[] }>;

/** The ordered history of all nodes. Probes, faults and peers add events; matchers and reports only read them. */
export class History implements JoinContext {
	#start: number;
	#addresses: Addresses;
	#nodes: ReadonlyMap<string, NodeName>;
	#translations = new Translations();
	/** All observations, if the wire is a router: a translation may become known after packets that it concerns. */
	#observations: PacketObservation[] = [];
	#events: NonPacketEvent[] = [];
	#packets = new PacketJoin(this);
	#lastSyn: Partial<Record<NodeName, CapturedSegment>> = {};
	#lastLook: Partial<Record<NodeName, number>> = {};
	/** Up to when each observer has reported everything, and what it has lost. */
	readonly coverage = new Coverage();
	/** The fates of all packets sent before this time are final. */
	#finalUntil = Number.NEGATIVE_INFINITY;
	readonly #skipped: Skip[] = [];
	readonly #listeners = new Set<() => void>();
	/** All events except packets, in order. */
	#sortedNonPackets: readonly NonPacketEvent[] | undefined;
	#sorted: readonly Event[] | undefined;

	constructor(origin: number, addresses: Addresses) {
		this.#start = origin;
		this.#addresses = addresses;
		this.#nodes = nodesOf(addresses);
	}

	/**
	 * Starts the history after the set-up of the lab: times count from `origin` (seconds since the epoch), and events of
	 * the set-up are removed.
	 *
	 * @param addresses those of the lab from now on
	 */
	begin(origin: number, addresses = this.#addresses): void {
		this.#addresses = addresses;
		this.#nodes = nodesOf(addresses);
		this.#translations = new Translations();
		this.#observations = [];
		this.coverage.begin(origin - this.#start);
		this.#start = origin;
		this.#events.length = 0;
		this.#packets = new PacketJoin(this);
		this.#lastSyn = {};
		this.#finalUntil = Number.NEGATIVE_INFINITY;
		this.#lastLook = {};
		this.#changed();
	}

	hostOf(address: string): NodeName | undefined {
		return this.#nodes.get(address);
	}

	get isRouted(): boolean {
		return this.#addresses.router !== undefined;
	}

	sidesOf(ends: Ends, t: number): BothSides {
		return this.#translations.sidesOf(ends, t);
	}

	/** Records that the router translates a connection. Packets that were seen before are joined again. */
	translate(translation: Translation): void {
		if (this.#translations.add(translation)) this.#joinAgain(translation, Number.NEGATIVE_INFINITY);
	}

	/** Records that the router does not translate a connection any more from `until` on, in seconds since the epoch. */
	endTranslation(translation: Omit<Translation, 'since'>, until: number): void {
		this.#translations.end(translation, until);
		this.#joinAgain(translation, until);
	}

	/** Joins all packets again if one that a translation concerns was seen since a time. */
	#joinAgain(translation: Omit<Translation, 'since'>, since: number): void {
		const all = endsOf(translation);
		const isConcerned = ({ packet }: PacketObservation) =>
			packet.kind === 'segment' && packet.t >= since && all.some((ends) => isSameEnds(ends, packet));
		if (!this.#observations.some(isConcerned)) return;
		this.#packets = new PacketJoin(this);
		for (const observation of this.#observations) this.#packets.observe(observation);
		this.#changed();
	}

	/** Converts seconds since the epoch to seconds since the start of the history, rounded to microseconds. */
	at(epochSeconds: number): number {
		return Math.round((epochSeconds - this.#start) * 1e6) / 1e6;
	}

	add(event: NonPacketEvent): void {
		this.#events.push(event);
		this.#changed();
	}

	/** Replaces an event of which more is known now, e.g. a call that has returned. */
	replace(earlier: NonPacketEvent, event: NonPacketEvent): void {
		const index = this.#events.lastIndexOf(earlier);
		if (index < 0) this.#events.push(event);
		else this.#events[index] = event;
		this.#changed();
	}

	/**
	 * Removes calls and output of a host's programs after `after`, the time at which the host was powered off. They were
	 * recorded before the harness knew that time.
	 */
	retract(host: NodeName, after: number): void {
		const kept = this.#events.filter(
			(event) => !((event.kind === 'call' || event.kind === 'output') && event.host === host && event.t > after),
		);
		if (kept.length === this.#events.length) return;
		this.#events = kept;
		this.#changed();
	}

	/** Adds the observation of a packet that left, arrived or was dropped. The fate is computed from all observations. */
	observe(observation: PacketObservation): void {
		this.#packets.observe(observation);
		if (this.isRouted) this.#observations.push(observation);
		const { what, host, packet } = observation;
		if (
			what === 'left' &&
			host !== 'wire' &&
			packet.kind === 'segment' &&
			!packet.loopback &&
			packet.flags.includes('S')
		)
			this.#lastSyn[host] = packet;
		this.#sorted = undefined;
		this.notify();
	}

	/** Records that the relay has done more with a packet. */
	passageChanged(passage: Passage): void {
		this.#packets.changed(passage);
		this.#sorted = undefined;
		this.notify();
	}

	/**
	 * Records a loss of an observer. With `since`, everything that it would have reported from then on is unknown, and so
	 * are the fates that depend on it.
	 */
	lose(loss: Loss): void {
		this.coverage.lose(loss);
		this.#packets.invalidate();
		this.#changed();
	}

	/** Records that an observer has started: it reports everything from `t` on. */
	started(observed: HostObserver, t: number): void {
		this.coverage.started(observed, t);
		this.#packets.invalidate();
		this.#changed();
	}

	/** When `ss` last sampled each host. */
	get lastLook(): Readonly<Partial<Record<NodeName, number>>> {
		return { ...this.#lastLook };
	}

	/** Records that an observer has reported everything up to `t`. An open loss ends at `t`. */
	markComplete(observed: HostObserver, t: number): void {
		if (observed.observer === 'ss' && observed.host !== 'wire') this.#lastLook[observed.host] = t;
		this.coverage.markComplete(observed, t);
		if (this.coverage.openLoss(observed)) this.recover(observed, t);
	}

	/** Records that an observer reports everything again from `t` on. */
	recover(observed: HostObserver, t: number): void {
		this.coverage.recover(observed, t);
		this.#packets.invalidate();
		this.#changed();
	}

	get transitLimit(): number {
		return this.coverage.transitLimit;
	}

	get losses(): readonly Loss[] {
		return this.coverage.losses;
	}

	/** Whether the observer had a loss at that time, so that what it would have reported is unknown. */
	isBlind(observer: Observer, host: MachineName, t: number): boolean {
		return this.coverage.isBlind(observer, host, t);
	}

	/** Whether no further observation can change the fate of a packet. */
	isFinal(packet: PacketEvent): boolean {
		return this.coverage.isFinal(packet);
	}

	/**
	 * Whether the fate of a packet that was sent before `t` may still change by itself: not that of a packet that a fault
	 * holds, which may hold it for ever.
	 */
	hasOpenFateBefore(t: number): boolean {
		const { packets } = this;
		let finalUntil = t;
		for (let index = packets.length - 1; index >= 0; index--) {
			const packet = packets[index];
			if (!packet || packet.t <= this.#finalUntil) break;
			if (packet.t > t || this.isFinal(packet)) continue;
			if (!isHeld(packet)) return true;
			finalUntil = Math.min(finalUntil, packet.t - A_MICROSECOND);
		}
		this.#finalUntil = Math.max(finalUntil, this.#finalUntil);
		return false;
	}

	/** Records that something could not be tested here. */
	skip(skip: Skip): void {
		this.#skipped.push(skip);
	}

	get skipped(): readonly Skip[] {
		return this.#skipped;
	}

	/** All events so far, in order. */
	get events(): readonly Event[] {
		this.#sorted ??= inOrder<Event>([...this.#nonPackets, ...this.packets]);
		return this.#sorted;
	}

	get segments(): readonly SegmentEvent[] {
		return this.#packets.segments;
	}

	/** Segments and ICMP messages, in order. */
	get packets(): readonly PacketEvent[] {
		const { segments, icmp } = this.#packets;
		return icmp.length === 0 ? segments : inOrder([...segments, ...icmp]);
	}

	/** Returns how many RSTs and ICMP messages left a host as answers to packets that a fault rejected. */
	countAnswersTo(fault: string): number {
		return this.#packets.countAnswersTo(fault);
	}

	/** Returns the TCP options of the last SYN or SYN-ACK that left a host. */
	synOptions(host: NodeName): TcpOptions | undefined {
		return this.#lastSyn[host]?.options;
	}

	/** Returns all events of a kind, in order; with `host`, only those of that host. */
	of<K extends EventKind>(kind: K, host?: NodeName): readonly EventOf<K>[] {
		const { segments, icmp } = this.#packets;
		const packets = kind === 'segment' ? segments : kind === 'icmp' ? icmp : undefined;
		if (packets && host === undefined) return packets as readonly Event[] as readonly EventOf<K>[];
		const events: readonly Event[] = packets ?? this.#nonPackets;
		return events.filter(
			(event): event is EventOf<K> =>
				event.kind === kind && (host === undefined || ('host' in event && event.host === host)),
		);
	}

	/** Calls `listener` after every change. Returns a function that stops this. */
	onChange(listener: () => void): () => void {
		this.#listeners.add(listener);
		return () => this.#listeners.delete(listener);
	}

	/** Calls the listeners although nothing changed in the history, e.g. after a sample in which only timers differ. */
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

/** The smallest difference of two times, in seconds. */
const A_MICROSECOND = 0.000_001;

function nodesOf({ client, router = [], server }: Addresses): Map<string, NodeName> {
	const of = (node: NodeName, addresses: readonly string[]) => addresses.map((address) => [address, node] as const);
	return new Map([...of('client', client), ...of('server', server), ...of('router', router)]);
}

const inOrder = <E extends Event>(events: readonly E[]): E[] => [...events].sort((a, b) => a.t - b.t);
