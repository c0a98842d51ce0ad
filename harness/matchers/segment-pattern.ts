import { HalfopenError } from '../errors.ts';
import { ICMP_NAMES, isSameIcmp } from '../formats/icmpv6.ts';
import type { Flags, InjectedFlags } from '../tcp/flags.ts';
import { type EventOf, type HostName, type NodeName, otherHost, sideOf } from '../timeline/events.ts';
import { nearestNames } from '../util/nearest.ts';

type Direction = '>' | '<';
type Count = '' | `${number}${string}x `;
type Length = '' | ` ${number}`;
/** Without a fate, the segment must have been delivered. `sent` stands for any fate. */
type Fate = '' | ' sent' | ' unobserved' | ' unknown' | ' dropped' | ` dropped by ${string}`;

/**
 * A pattern of a single packet: a segment (`direction flags [length] [fate]`), a segment that a firewall forged
 * (`direction flags forged [fate]`) or a third party injected (`direction flags injected [fate]`), or an ICMP
 * message (`direction icmp [name] [fate]`).
 */
export type OneSegmentPattern =
	| `${Direction} ${Flags}${Length}${Fate}`
	| `${Direction} ${'R' | 'R.'} forged${Fate}`
	| `${Direction} ${InjectedFlags} injected${Fate}`
	| `${Direction} icmp${'' | ` ${string}`}`;

/**
 * A pattern in a list of segments: `[count] direction flags [length] [fate]`. `>` is from client to server, `<` from
 * server to client. The flags have tcpdump's letters and order, the length is in bytes of data. The count is a number
 * or a range: `2x`, `1..3x`, `2..x`. The fate is `sent` (any fate), `unobserved`, `unknown`, `dropped` or `dropped by
 * <name of the fault>`; without it, the segment must have been delivered. `...` stands for any number of any segments.
 */
export type SegmentPattern = '...' | `${Count}${OneSegmentPattern}`;

/** A pattern with an optional count. Other segments may lie between those that are counted. */
export type CountedPattern = `${Count}${OneSegmentPattern}`;

/** The properties of a packet that patterns are compared with. */
export type MatchedPacket =
	| ({ readonly kind: 'segment' } & Pick<
			EventOf<'segment'>,
			'host' | 'receiver' | 'flags' | 'length' | 'fate' | 'by' | 'link' | 'origin'
	  >)
	| ({ readonly kind: 'icmp' } & Pick<EventOf<'icmp'>, 'host' | 'receiver' | 'name' | 'fate' | 'by' | 'link'>);

/**
 * The kind of packet that a pattern describes: a segment that a host's stack sent over the wire, a segment that a
 * firewall forged with the address of one of the hosts, one that a third party injected, or an ICMP message.
 */
export type Subject = 'segment' | 'forged' | 'injected' | 'icmp';

export interface ParsedPattern {
	readonly least: number;
	readonly most: number;
	/** Undefined for `...`. */
	readonly subject: Subject | undefined;
	/** The sender, by the direction. `...` matches both senders; its value here means nothing. */
	readonly host: HostName;
	/** `sent` is any fate, also for `...`. */
	readonly fate: MatchedPacket['fate'] | 'sent';
	readonly fits: (packet: MatchedPacket) => boolean;
	/** The fault that the pattern names. */
	readonly by: string | undefined;
}

const PATTERN =
	/^(?:(?<least>\d+)(?<range>\.\.(?<most>\d+)?)?x )?(?<direction>[<>]) (?:icmp(?: (?!sent|unobserved|unknown|dropped)(?<name>[A-Za-z][A-Za-z-]*|type \d+ code \d+))?|(?<flags>\S+)(?: (?<length>\d+)| (?<made>forged|injected))?)(?: (?<fate>sent|unobserved|unknown|dropped(?: by (?<by>\S+))?))?$/;
const FLAGS = /^(none|F?S?R?P?\.?U?E?W?e?)$/;
/** `...` */
const ANY: ParsedPattern = {
	least: 0,
	most: Number.POSITIVE_INFINITY,
	subject: undefined,
	host: 'client',
	fate: 'sent',
	by: undefined,
	fits: () => true,
};

/** Parses a pattern. Throws PATTERN_INVALID, with examples. */
export function parsePattern(pattern: string): ParsedPattern {
	if (pattern === '...') return ANY;
	const groups = PATTERN.exec(pattern)?.groups;
	const isIcmp = groups?.flags === undefined;
	if (
		!groups ||
		!(isIcmp || FLAGS.test(groups.flags ?? '')) ||
		Number(groups.least ?? 1) > Number(groups.most ?? Number.POSITIVE_INFINITY)
	) {
		throw new HalfopenError('PATTERN_INVALID', {
			problem: `“${pattern}” is not a segment pattern.`,
			remedy:
				'Write [count] direction flags [length] [fate], with the flags in tcpdump’s order: "> S", "2x < P. 100", ' +
				'"1..3x > .", "> F. dropped by drop-1", "6x > P. unobserved". Write "< R forged" for a segment that a ' +
				'firewall forged, "< R injected" for one that link.inject sent, "< icmp host-unreachable" for ICMP, "..." for any number of any segments.',
		});
	}
	const { least, range, most, direction, flags, length, made, name, fate, by } = groups;
	if (name !== undefined) assertIcmpName(name, pattern);
	const host = direction === '>' ? 'client' : 'server';
	const subject = isIcmp ? 'icmp' : ((made ?? 'segment') as Subject);
	const wanted = {
		fate: (fate?.split(' ')[0] ?? 'delivered') as ParsedPattern['fate'],
		length: length === undefined ? undefined : Number(length),
	};
	const isLike = (packet: MatchedPacket) =>
		packet.kind === 'icmp'
			? name === undefined || isSameIcmp(packet.name, name)
			: packet.flags === flags && (wanted.length === undefined || packet.length === wanted.length);
	return {
		least: Number(least ?? 1),
		most: range === undefined ? Number(least ?? 1) : Number(most ?? Number.POSITIVE_INFINITY),
		subject,
		host,
		fate: wanted.fate,
		fits: (packet) =>
			isLike(packet) &&
			(wanted.fate === 'sent' || packet.fate === wanted.fate) &&
			senderOf(packet) === host &&
			subjectOf(packet) === subject &&
			(by === undefined || packet.by === by),
		by,
	};
}

/** Throws OPTION_INVALID if no ICMP message can have this name. */
function assertIcmpName(name: string, pattern: string): void {
	if (ICMP_NAMES.has(name) || name.startsWith('type ')) return;
	throw new HalfopenError('OPTION_INVALID', {
		problem: `“${pattern}” names an ICMP message that does not exist: “${name}”.`,
		seen: `nearest: ${nearestNames(name, ICMP_NAMES).join(', ')}`,
		remedy:
			'Correct the name: `iptables -p icmp -h` and `ip6tables -p icmpv6 -h` list them. Write "type 3 code 99" for a message without a name.',
	});
}

/**
 * Returns the kind of a packet. A packet that never left its host has none and matches no pattern, except a segment
 * that the host's firewall forged with the other host's address.
 */
function subjectOf(packet: MatchedPacket): Subject | undefined {
	if (packet.kind === 'segment' && packet.origin !== undefined)
		return packet.origin === 'firewall' ? 'forged' : 'injected';
	return packet.link === undefined ? packet.kind : undefined;
}

/**
 * Returns the host from whose side a packet comes. A segment that a firewall forged over loopback has the other host's
 * address.
 */
function senderOf(packet: MatchedPacket): NodeName {
	if (packet.link === undefined) return sideOf(packet);
	return packet.host === 'router' ? 'router' : otherHost(packet.host);
}

/**
 * Returns the packets that the patterns are compared with, in order. ICMP messages and forged segments are included
 * only if one of the patterns is about them: a list of the segments of the two stacks must be complete without them.
 */
export function packetsFor<P extends MatchedPacket>(
	packets: readonly (P | { readonly kind: string })[],
	patterns: readonly ParsedPattern[],
): P[] {
	const wanted = new Set<Subject | undefined>(['segment', ...patterns.map(({ subject }) => subject)]);
	wanted.delete(undefined);
	return packets.filter((packet): packet is P => isPacket(packet) && wanted.has(subjectOf(packet)));
}

function isPacket(event: { readonly kind: string }): event is MatchedPacket {
	return event.kind === 'segment' || event.kind === 'icmp';
}

/** Parses a pattern of a single packet. Throws PATTERN_INVALID if it has a count, which no single packet can match. */
export function parseOneSegment(pattern: OneSegmentPattern): ParsedPattern {
	const parsed = parsePattern(pattern);
	if (parsed.least === 1 && parsed.most === 1) return parsed;
	throw new HalfopenError('PATTERN_INVALID', {
		problem: `“${pattern}” does not match exactly one segment.`,
		remedy: 'Omit the count: "> F.", "< R", "> F. dropped by drop-1". To count segments, use toShowSegment("2x > R").',
	});
}

/** Parses a pattern with an optional count. Without a count, it means one or more. */
export function parseCounted(pattern: CountedPattern): ParsedPattern {
	const parsed = parsePattern(pattern);
	if (parsed.subject === undefined) parseOneSegment('...' as OneSegmentPattern);
	return /^\d/.test(pattern) ? parsed : { ...parsed, most: Number.POSITIVE_INFINITY };
}

/**
 * Whether the patterns describe all these packets, in order. Takes time proportional to the number of packets times the
 * number of patterns.
 */
export function matchSegments(packets: readonly MatchedPacket[], patterns: readonly ParsedPattern[]): boolean {
	/** For each packet, and for the end: 1 if the next pattern may begin there. */
	let starts = new Uint8Array(packets.length + 1);
	starts[0] = 1;
	for (const pattern of patterns) starts = endsOf(pattern, packets, starts);
	return starts[packets.length] === 1;
}

/**
 * Returns how many packets match the patterns from the start, and the index of the pattern that the next one should
 * match.
 */
export function matchedUntil(
	packets: readonly MatchedPacket[],
	patterns: readonly ParsedPattern[],
): { packets: number; patterns: number } {
	let starts = new Uint8Array(packets.length + 1);
	starts[0] = 1;
	let furthest = { packets: 0, patterns: 0 };
	for (const [index, pattern] of patterns.entries()) {
		const begun = endsOf({ ...pattern, least: 0 }, packets, starts).lastIndexOf(1);
		starts = endsOf(pattern, packets, starts);
		const ended = starts.lastIndexOf(1);
		if (begun > furthest.packets) furthest = { packets: begun, patterns: index };
		if (ended >= furthest.packets) furthest = { packets: ended, patterns: index + 1 };
	}
	return furthest;
}

/** Returns the positions where a pattern may end, for the positions where it may begin. */
function endsOf(
	{ least, most, subject, fits }: ParsedPattern,
	packets: readonly MatchedPacket[],
	starts: Uint8Array,
): Uint8Array<ArrayBuffer> {
	const ends = new Uint8Array(packets.length + 1);
	const [first, last] = [starts.indexOf(1), starts.lastIndexOf(1)];
	if (first < 0) return ends;
	if (subject === undefined) return ends.fill(1, first);
	const atMost = Math.min(most, packets.length);
	/** The position from which on all packets fit, and the last start that leaves room for the least count. */
	let fittingSince = first;
	let lastStart = -1;
	for (let end = first; end <= packets.length && fittingSince <= last; end++) {
		if (end > first && !fits(packets[end - 1] as MatchedPacket)) fittingSince = end;
		if (end >= least && starts[end - least] === 1) lastStart = end - least;
		if (lastStart >= fittingSince && lastStart >= end - atMost) ends[end] = 1;
	}
	return ends;
}
