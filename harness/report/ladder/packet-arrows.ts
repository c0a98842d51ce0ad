import { endpointText } from '../../formats/address.ts';
import { changeInWords } from '../../timeline/describe.ts';
import { type EventOf, type NodeName, receiverOf } from '../../timeline/events.ts';
import type { TimelineFile } from '../../timeline/timeline-file.ts';
import type { Connections } from './connections.ts';
import type { HostItem, Icmp, Item, Segment, WireItem } from './item.ts';
import type { Arrow, Mark } from './model.ts';

const NO_REMARKS: readonly string[] = [];

/** Marks segments on loopback. */
const LOOPBACK = '↺';

/** Makes items of packets: arrows on the wire, or marks at a host for its loopback. */
export class PacketArrows {
	readonly #connections: Connections;
	readonly #faults: ReadonlyMap<string, FaultEvent>;
	/** Shared by all segments that are alike, because there may be very many. */
	readonly #abouts = new Map<string, ArrowIdentity>();
	/** The last segment of each host that differs from the one before. */
	readonly #latest: Partial<Record<NodeName, { readonly event: Segment; readonly about: ArrowIdentity }>> = {};

	constructor({ events }: TimelineFile, connections: Connections) {
		this.#connections = connections;
		this.#faults = new Map(events.flatMap((event) => (event.kind === 'fault' ? [[event.id, event]] : [])));
	}

	segment(event: Segment): Item {
		const connection = this.#connections.keyOf(event.host, { local: event.from, remote: event.to });
		const remarks = remarksOf(event);
		const before = this.#latest[event.host];
		// Most are. Comparing segments costs less than naming them.
		const isLikeBefore =
			before !== undefined &&
			before.about.connection === connection &&
			before.about.remarks === remarks &&
			isLike(before.event, event);
		const about = isLikeBefore ? before.about : this.#aboutOf(event, connection, remarks);
		if (!isLikeBefore) this.#latest[event.host] = { event, about };
		return this.#item(event, about);
	}

	#aboutOf(event: Segment, connection: string | undefined, remarks: readonly string[]): ArrowIdentity {
		const { host, flags, length, fate, retransmission, link = 'wire', origin = '', by = '' } = event;
		const sort = `${link} ${host} ${flags} ${fate} ${by} ${retransmission} ${origin}`;
		const alike = `${sort} ${length} ${remarks.join()}`;
		const key = `${connection} ${alike}`;
		const known = this.#abouts.get(key);
		if (known) return known;
		const name = [this.#connections.labelOfKey(connection), flags].filter(Boolean).join(' ');
		const about = { name, remarks, sort, alike, connection };
		this.#abouts.set(key, about);
		return about;
	}

	icmp(event: Icmp): Item {
		const { host, fate, name, quotes, mtu, link = 'wire', by = '' } = event;
		const connection = quotes && this.#connections.keyOf(host, { local: quotes.to, remote: quotes.from });
		const label = this.#connections.labelOfKey(connection);
		const about = quotes === undefined ? [] : [`quotes ${label === undefined ? '' : `${label} `}seq ${quotes.seq}`];
		const remarks = [...(mtu === undefined ? [] : [`MTU ${mtu}`]), ...about, ...forged(event), ...changed(event)];
		const sort = `icmp ${link} ${host} ${name} ${fate} ${by}`;
		return this.#item(event, { name: `ICMP ${name}`, remarks, sort, alike: sort, connection });
	}

	#item(event: Segment | Icmp, about: ArrowIdentity): Item {
		const fault = this.#faults.get(event.by ?? '');
		return event.link === 'loopback' ? loopbackItem(event, about, fault) : new LazyWireItem(event, about, fault);
	}
}

type FaultEvent = EventOf<'fault'>;

/** The properties of a packet that its repetitions share. */
interface ArrowIdentity {
	/** Flags and connection, or the kind of message. */
	readonly name: string;
	readonly remarks: readonly string[];
	readonly alike: string;
	readonly sort: string;
	readonly connection: string | undefined;
}

/** An item on the wire. Its texts are made when they are read, because only few of very many items are drawn. */
class LazyWireItem implements WireItem {
	readonly slot = 'wire';
	readonly event: Segment | Icmp;
	readonly segments = 1;
	readonly #about: ArrowIdentity;
	readonly #fault: FaultEvent | undefined;

	constructor(event: Segment | Icmp, about: ArrowIdentity, fault: FaultEvent | undefined) {
		this.event = event;
		this.#about = about;
		this.#fault = fault;
	}

	get t(): number {
		return this.event.t;
	}

	get until(): number {
		return this.event.t;
	}

	get alike(): string {
		return this.#about.alike;
	}

	get sort(): string {
		return this.#about.sort;
	}

	get connection(): string | undefined {
		return this.#about.connection;
	}

	get key(): string {
		return keyOf(this.event, this.#about);
	}

	get arrow(): Arrow {
		const { event } = this;
		const { name, remarks } = this.#about;
		const by = causeOfLoss(event, this.#fault);
		return {
			t: this.t,
			until: this.t,
			times: 1,
			from: event.host,
			to: receiverOf(event),
			router: progressAtRouter(event),
			name,
			numbers: numbersOf(event),
			remarks,
			fate: event.fate,
			by,
			retransmission: event.kind === 'segment' && event.retransmission,
			arrived: event.arrived,
			lostAt: lostAt(this.#fault),
			title: inWords(event, by),
		};
	}
}

/** Returns how far a packet between the hosts came; undefined if there is no router between its ends. */
function progressAtRouter({ router }: Segment | Icmp): Arrow['router'] {
	if (router === undefined) return undefined;
	if (router.forwarded !== undefined) return 'forwarded';
	return router.entered === undefined ? 'unseen' : 'entered';
}

function lostAt(fault: FaultEvent | undefined): NodeName | undefined {
	return fault?.host === 'wire' ? undefined : fault?.host;
}

/** Returns whether two segments of a host and connection differ only in their numbers and times. */
function isLike(one: Segment, other: Segment): boolean {
	return (
		one.flags === other.flags &&
		one.length === other.length &&
		one.fate === other.fate &&
		one.by === other.by &&
		one.retransmission === other.retransmission &&
		one.origin === other.origin &&
		one.link === other.link
	);
}

/** Returns the mark of a packet on loopback. */
function loopbackItem(event: Segment | Icmp, about: ArrowIdentity, fault: FaultEvent | undefined): HostItem {
	const { name, remarks, alike, sort, connection } = about;
	const { t, host } = event;
	const by = causeOfLoss(event, fault);
	const ends = event.kind === 'segment' ? `${event.from.port}→${event.to.port}` : undefined;
	const tail = [ends, ...remarks, lostInWords(event.fate, by)].filter(Boolean).join(', ');
	const head = `${LOOPBACK} ${[name, ...numbersOf(event)].join(' ')}${tail === '' ? '' : ' '}`;
	const mark: Mark = { kind: 'segment', t, head, detail: '', tail, times: 1, title: inWords(event, by) };
	return { slot: host, t, until: t, key: keyOf(event, about), alike, sort, connection, event, segments: 1, mark };
}

/**
 * Returns a key that is equal for repetitions. Pure acknowledgements of different numbers are no repetitions. A
 * retransmission is one, even if it acknowledges more than the original segment.
 */
function keyOf(event: Segment | Icmp, { remarks }: ArrowIdentity): string {
	if (event.kind === 'icmp') return remarks.join();
	return `${event.seq} ${event.length === 0 ? event.ack : ''} ${event.from.port}`;
}

/** Returns the text of the fault. `by` is either the id of a fault or its text. */
function causeOfLoss({ by }: Segment | Icmp, fault: FaultEvent | undefined): string | undefined {
	return fault?.text ?? by;
}

function inWords(event: Segment | Icmp, by: string | undefined): string {
	return event.kind === 'segment' ? segmentInWords(event, by) : icmpInWords(event, by);
}

/** Returns the numbers of a segment that matter to the reader: `seq` and `len` of data, `seq` of a FIN, or `ack`. */
function numbersOf(event: Segment | Icmp): string[] {
	if (event.kind === 'icmp') return [];
	const { flags, seq, ack, length } = event;
	if (length > 0) return [`seq ${seq}`, `len ${length}`];
	if (flags.includes('F')) return [`seq ${seq}`];
	return /[SR]|none/.test(flags) ? [] : [`ack ${ack}`];
}

/** Returns remarks: who forged the segment, and options that matter. */
function remarksOf(event: Segment): readonly string[] {
	if (event.options === undefined && event.origin === undefined && event.changes === undefined) return NO_REMARKS;
	const { sack = [], mptcp, fastOpen, accurateEcn } = event.options ?? {};
	const isSyn = event.flags.includes('S');
	const remarks = [
		...forged(event),
		...changed(event),
		...(sack.length === 0 ? [] : [`SACK ${sack.map(({ from, to }) => `${from}:${to}`).join(' ')}`]),
		...(mptcp !== undefined && isSyn ? [`MPTCP ${mptcp}`] : []),
		...(fastOpen === undefined ? [] : [fastOpen === '' ? 'requests a Fast Open cookie' : 'Fast Open cookie']),
		...(accurateEcn !== undefined && isSyn ? ['AccECN'] : []),
	];
	return remarks.length === 0 ? NO_REMARKS : remarks;
}

function forged({ origin, host }: Segment | Icmp): string[] {
	if (origin === undefined) return [];
	return [origin === 'firewall' ? `made by the ${host}’s firewall` : 'injected'];
}

/** Returns what faults did to a packet on its way. */
const changed = ({ changes = [] }: Segment | Icmp): string[] => changes.map(changeInWords);

function lostInWords(fate: Segment['fate'], by: string | undefined): string | undefined {
	if (fate === 'dropped') return `dropped by ${by ?? 'a fault'}`;
	return fate === 'unknown' ? 'fate unknown' : undefined;
}

/** Describes everything that was recorded about a segment. */
function segmentInWords(event: Segment, by: string | undefined): string {
	const { host, from, to, flags, seq, ack, length, window, absolute, retransmission, link } = event;
	const options = optionsInWords(event.options);
	return [
		`${host} ${endpointText(from)} → ${endpointText(to)}${link === undefined ? '' : ', on its loopback'}`,
		`${flags} seq ${seq} ack ${ack} len ${length} win ${window}${retransmission ? ', a retransmission' : ''}`,
		sentInWords(event, by),
		`absolute: seq ${absolute.seq} ack ${absolute.ack}`,
		...(options === '' ? [] : [`options: ${options}`]),
		...forged(event),
		...changed(event),
	].join('\n');
}

function icmpInWords(event: Icmp, by: string | undefined): string {
	const { host, from, to, type, code, name, quotes } = event;
	return [
		`${host} ${from} → ${to}`,
		`ICMP ${name} (type ${type} code ${code})`,
		...(quotes === undefined
			? []
			: [`quotes ${endpointText(quotes.from)} → ${endpointText(quotes.to)} seq ` + `${quotes.seq}`]),
		sentInWords(event, by),
		...forged(event),
		...changed(event),
	].join('\n');
}

function sentInWords({ t, fate, arrived, by: observer }: Segment | Icmp, by: string | undefined): string {
	const fates = {
		delivered: arrived === undefined ? 'delivered' : `arrived ${((arrived - t) * 1e6).toFixed(0)} µs later`,
		dropped: `dropped by ${by ?? 'a fault'}`,
		unobserved: 'nobody was there to receive it',
		unknown: `its fate is unknown: ${observer ?? 'an observer'} had failed`,
	};
	return `sent ${t.toFixed(6)} s, ${fates[fate]}`;
}

/** Formats options with tcpdump's names and order. */
function optionsInWords(options: Segment['options'] = {}): string {
	const { mss, sackPermitted, timestamp, windowScale, sack = [], mptcp, fastOpen, accurateEcn } = options;
	return [
		mss !== undefined && `mss ${mss}`,
		sackPermitted && 'sackOK',
		timestamp && `TS val ${timestamp.value} ecr ${timestamp.echo}`,
		windowScale !== undefined && `wscale ${windowScale}`,
		sack.length > 0 && `sack ${sack.map(({ from, to }) => `${from}:${to}`).join(' ')}`,
		mptcp !== undefined && `mptcp ${mptcp}`,
		fastOpen !== undefined && `tfo ${fastOpen === '' ? 'cookiereq' : `cookie ${fastOpen}`}`,
		accurateEcn !== undefined && `AccECN ${accurateEcn}`,
	]
		.filter(Boolean)
		.join(', ');
}
