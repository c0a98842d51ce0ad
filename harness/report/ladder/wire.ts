import type { EventOf, HostName, TimelineFile } from '../../timeline/events.ts';
import type { Connections } from './connections.ts';
import type { HostItem, Item, WireItem } from './item.ts';
import type { Arrow, Mark } from './model.ts';

type Segment = EventOf<'segment'>;
type Icmp = EventOf<'icmp'>;

/** What stays at its host is drawn there, with this before it. */
const LOOP = '↺';

/** Draws what was sent: over the wire as arrows, on a host's loopback as marks at that host. */
export class Wire {
	readonly #connections: Connections;
	readonly #faults: ReadonlyMap<string, EventOf<'fault'>>;

	constructor({ events }: TimelineFile, connections: Connections) {
		this.#connections = connections;
		this.#faults = new Map(events.flatMap((event) => (event.kind === 'fault' ? [[event.id, event]] : [])));
	}

	segment(event: Segment): Item {
		const { host, flags, seq, ack, length, fate, retransmission } = event;
		const connection = this.#connections.keyOf(host, { local: event.from, remote: event.to });
		const numbers = numbersOf(event);
		const remarks = remarksOf(event);
		const name = [this.#connections.labelOfKey(connection), flags].filter(Boolean).join(' ');
		const sort = `${event.link ?? 'wire'} ${host} ${flags} ${fate} ${event.by ?? ''} ${retransmission} ${event.origin ?? ''}`;
		const alike = `${sort} ${length} ${remarks.join()}`;
		// Acknowledgements of one number after the other are not the same again; retransmissions may acknowledge more than the first did.
		const key = `${connection ?? ''} ${alike} ${seq} ${length === 0 ? ack : ''}`;
		return this.#item(event, { name, numbers, remarks, sort, alike, key, connection, retransmission, ends: [event.from.port, event.to.port] });
	}

	icmp(event: Icmp): Item {
		const { host, fate, name, quotes } = event;
		const connection =
			quotes && this.#connections.keyOf(quotes.from.address === event.to ? other(host) : host, { local: quotes.from, remote: quotes.to });
		const label = this.#connections.labelOfKey(connection);
		const about = quotes === undefined ? [] : [`quotes ${label === undefined ? '' : `${label} `}seq ${quotes.seq}`];
		const remarks = [...(event.mtu === undefined ? [] : [`MTU ${event.mtu}`]), ...about, ...forged(event)];
		const sort = `icmp ${event.link ?? 'wire'} ${host} ${name} ${fate} ${event.by ?? ''}`;
		return this.#item(event, {
			name: `ICMP ${name}`,
			numbers: [],
			remarks,
			sort,
			alike: sort,
			key: `${connection ?? ''} ${sort} ${remarks.join()}`,
			connection,
			retransmission: false,
			ends: undefined,
		});
	}

	#item(event: Segment | Icmp, drawn: Drawn): Item {
		const { t, host } = event;
		const { name, numbers, remarks, key, alike, sort, connection, retransmission, ends } = drawn;
		const common = { t, until: t, key, alike, sort, connection, event, segments: 1 };
		const fault = this.#faults.get(event.by ?? '');
		// A segment names the fault that dropped it by id or in words.
		const by = fault?.text ?? event.by;
		const title = () => (event.kind === 'segment' ? segmentInWords(event, by) : icmpInWords(event, by));
		if (event.link === 'loopback') {
			const tail = [ends === undefined ? undefined : `${ends[0]}→${ends[1]}`, ...remarks, lostInWords(event.fate, by)].filter(Boolean).join(', ');
			const head = `${LOOP} ${[name, ...numbers].join(' ')}${tail === '' ? '' : ' '}`;
			const mark: Mark = {
				kind: 'segment',
				t,
				head,
				detail: '',
				tail,
				times: 1,
				get title() {
					return title();
				},
			};
			return { ...common, slot: host, mark } satisfies HostItem;
		}
		const arrow: Arrow = {
			t,
			until: t,
			times: 1,
			from: host,
			name,
			numbers,
			remarks,
			fate: event.fate,
			by,
			retransmission,
			arrived: event.arrived,
			lostAt: fault?.what === 'packets' ? fault.host : undefined,
			// Of many segments few are drawn.
			get title() {
				return title();
			},
		};
		return { ...common, slot: 'wire', arrow } satisfies WireItem;
	}
}

interface Drawn {
	readonly name: string;
	readonly numbers: readonly string[];
	readonly remarks: readonly string[];
	readonly key: string;
	readonly alike: string;
	readonly sort: string;
	readonly connection: string | undefined;
	readonly retransmission: boolean;
	readonly ends: readonly [number, number] | undefined;
}

/** What a reader wants to know of a segment: where its data or FIN stand and how long it is, or what it acknowledges. */
function numbersOf({ flags, seq, ack, length }: Segment): string[] {
	if (length > 0) return [`seq ${seq}`, `len ${length}`];
	if (flags.includes('F')) return [`seq ${seq}`];
	return /[SR]|none/.test(flags) ? [] : [`ack ${ack}`];
}

/** What else matters: who made it where that was no stack, and options that change what it means. */
function remarksOf(event: Segment): string[] {
	const { sack = [], mptcp, fastOpen, accurateEcn } = event.options ?? {};
	const isSyn = event.flags.includes('S');
	return [
		...forged(event),
		...(sack.length === 0 ? [] : [`SACK ${sack.map(({ from, to }) => `${from}:${to}`).join(' ')}`]),
		...(mptcp !== undefined && isSyn ? [`MPTCP ${mptcp}`] : []),
		...(fastOpen === undefined ? [] : [fastOpen === '' ? 'asks for a Fast Open cookie' : 'Fast Open cookie']),
		...(accurateEcn !== undefined && isSyn ? ['AccECN'] : []),
	];
}

function forged({ origin, host }: Segment | Icmp): string[] {
	if (origin === undefined) return [];
	return [origin === 'firewall' ? `made by the ${host}’s firewall` : 'injected'];
}

function lostInWords(fate: Segment['fate'], by: string | undefined): string | undefined {
	if (fate === 'dropped') return `dropped by ${by ?? 'a fault'}`;
	return fate === 'unknown' ? 'fate unknown' : undefined;
}

/** All that was recorded of a segment. */
function segmentInWords(event: Segment, by: string | undefined): string {
	const { host, from, to, flags, seq, ack, length, window, absolute, retransmission, link } = event;
	const options = optionsInWords(event.options);
	return [
		`${host} ${from.address}:${from.port} → ${to.address}:${to.port}${link === undefined ? '' : ', on its loopback'}`,
		`${flags} seq ${seq} ack ${ack} len ${length} win ${window}${retransmission ? ', a retransmission' : ''}`,
		sentInWords(event, by),
		`absolute: seq ${absolute.seq} ack ${absolute.ack}`,
		...(options === '' ? [] : [`options: ${options}`]),
		...forged(event),
	].join('\n');
}

function icmpInWords(event: Icmp, by: string | undefined): string {
	const { host, from, to, type, code, name, quotes } = event;
	return [
		`${host} ${from} → ${to}`,
		`ICMP ${name} (type ${type} code ${code})`,
		...(quotes === undefined ? [] : [`quotes ${quotes.from.address}:${quotes.from.port} → ${quotes.to.address}:${quotes.to.port} seq ${quotes.seq}`]),
		sentInWords(event, by),
		...forged(event),
	].join('\n');
}

function sentInWords({ t, fate, arrived, by: observer }: Segment | Icmp, by: string | undefined): string {
	const fates = {
		delivered: arrived === undefined ? 'delivered' : `arrived ${((arrived - t) * 1e6).toFixed(0)} µs later`,
		dropped: `dropped by ${by ?? 'a fault'}`,
		unobserved: 'nobody was there to receive it',
		unknown: `nobody knows what became of it: ${observer ?? 'an observer'} had failed`,
	};
	return `sent ${t.toFixed(6)} s, ${fates[fate]}`;
}

/** In tcpdump's words and order. */
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

function other(host: HostName): HostName {
	return host === 'client' ? 'server' : 'client';
}
