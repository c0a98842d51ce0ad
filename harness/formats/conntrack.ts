import type { Endpoint } from './types.ts';

/** The endpoints of packets in one direction. */
export interface ConntrackEnds {
	readonly from: Endpoint;
	readonly to: Endpoint;
}

/** An entry of a connection tracking table, as conntrack(8) prints it. */
export interface ConntrackEntry {
	/** Unique among the entries that exist at the same time. */
	readonly id: string;
	/** The name of the TCP state (net/netfilter/nf_conntrack_proto_tcp.c, tcp_conntrack_names); absent if not printed. */
	readonly state?: string;
	/** Until the entry is forgotten if no packet comes, in seconds; absent if not printed. */
	readonly secondsLeft?: number;
	/** The packets of the side that opened the connection, as that side sends them. */
	readonly original: ConntrackEnds;
	/** The packets of the other side, as that side sends them: with NAT not the reverse of `original`. */
	readonly reply: ConntrackEnds;
	/** Whether a packet of the other side was seen. */
	readonly replied: boolean;
	/** Whether the entry is kept when the table is full. */
	readonly assured: boolean;
}

/** A change of the table, as `conntrack -E -o timestamp,id` prints it. */
export interface ConntrackChange {
	/** When conntrack read it, in seconds since the epoch. */
	readonly t: number;
	readonly what: 'new' | 'update' | 'destroyed';
	readonly entry: ConntrackEntry;
	/** The program that asked for it, if it was not the kernel itself. */
	readonly by?: string;
}

const CHANGES = { NEW: 'new', UPDATE: 'update', DESTROY: 'destroyed' } as const;
const CHANGE = /^\[(\d+\.\d+)\]\s+\[(NEW|UPDATE|DESTROY)\] (.*)$/;
/** The protocol and its number; from a dump also the number of the family before them. */
const TCP = /^(?:ipv[46]\s+\d+\s+)?tcp\s+6\s+(?:(\d+)\s+)?(?:([A-Z][A-Z0-9_]*)\s+)?(src=.*)$/;

/** Parses a line of `conntrack -E -p tcp -o timestamp,id`. Returns undefined if it is none. */
export function parseConntrackChange(line: string): ConntrackChange | undefined {
	const [, t, what, rest = ''] = CHANGE.exec(line) ?? [];
	const entry = parseConntrackEntry(rest);
	if (t === undefined || entry === undefined) return undefined;
	const by = /\[USERSPACE\].* progname=(\S+)/.exec(rest)?.[1];
	return { t: Number(t), what: CHANGES[what as keyof typeof CHANGES], entry, ...(by !== undefined && { by }) };
}

/** Parses a line of `conntrack -L -p tcp -o id`. Returns undefined if it is none. */
export function parseConntrackEntry(line: string): ConntrackEntry | undefined {
	const [, seconds, state, rest = ''] = TCP.exec(line) ?? [];
	const words = [...rest.matchAll(/(src|dst|sport|dport|id)=(\S+)/g)];
	const all = (name: string) => words.flatMap(([, key, value = '']) => (key === name ? [value] : []));
	const [sources, destinations, sourcePorts, destinationPorts] = ['src', 'dst', 'sport', 'dport'].map(all);
	const ends = (index: number): ConntrackEnds | undefined => {
		const [from, to] = [sources?.[index], destinations?.[index]];
		const [fromPort, toPort] = [Number(sourcePorts?.[index]), Number(destinationPorts?.[index])];
		if (from === undefined || to === undefined || Number.isNaN(fromPort) || Number.isNaN(toPort)) return undefined;
		return { from: { address: from, port: fromPort }, to: { address: to, port: toPort } };
	};
	const [original, reply, [id]] = [ends(0), ends(1), all('id')];
	if (!original || !reply || id === undefined) return undefined;
	return {
		id,
		...(state !== undefined && { state }),
		...(seconds !== undefined && { secondsLeft: Number(seconds) }),
		original,
		reply,
		replied: !rest.includes('[UNREPLIED]'),
		assured: rest.includes('[ASSURED]'),
	};
}
