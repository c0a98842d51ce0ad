import { HalfopenError } from '../errors.ts';
import { ICMP_NAMES } from '../formats/icmp.ts';
import type { Flags } from '../tcp/flags.ts';
import { type EventOf, type HostName, otherHost } from '../timeline/events.ts';
import { nearestNames } from '../util/nearest.ts';

type Direction = '>' | '<';
type Count = '' | `${number}${string}x `;
type Length = '' | ` ${number}`;
/** Without one, the segment was delivered; `sent` stands for any of them. */
type Fate = '' | ' sent' | ' unobserved' | ' unknown' | ' dropped' | ` dropped by ${string}`;

/**
 * One segment in a line, `direction flags [length] [fate]`; one that a firewall forged, `direction flags forged
 * [fate]`; or one ICMP message, `direction icmp [name] [fate]`.
 */
export type OneSegmentPattern =
	| `${Direction} ${Flags}${Length}${Fate}`
	| `${Direction} ${'R' | 'R.'} forged${Fate}`
	| `${Direction} icmp${'' | ` ${string}`}`;

/** A segment, or several alike, in a line: `[count] direction flags [length] [fate]`; `...` stands for any segments. */
export type SegmentPattern = '...' | `${Count}${OneSegmentPattern}`;

/** A segment, or so many alike with any others between. */
export type CountedPattern = `${Count}${OneSegmentPattern}`;

/** What a pattern is held against. */
export type Packet =
	| ({ readonly kind: 'segment' } & Pick<
			EventOf<'segment'>,
			'host' | 'flags' | 'length' | 'fate' | 'by' | 'link' | 'origin'
	  >)
	| ({ readonly kind: 'icmp' } & Pick<EventOf<'icmp'>, 'host' | 'name' | 'fate' | 'by' | 'link'>);

/**
 * What a pattern is about: what the stacks of the hosts sent over the wire, what a firewall forged in the name of one
 * of them, or ICMP.
 */
export type Subject = 'segment' | 'forged' | 'icmp';

export interface ParsedPattern {
	readonly least: number;
	readonly most: number;
	/** Undefined for `...`. */
	readonly subject: Subject | undefined;
	/** Who sent it, by its direction; of `...` anybody. */
	readonly host: HostName;
	/** `sent` is any fate; that of `...`, too. */
	readonly fate: Packet['fate'] | 'sent';
	readonly fits: (packet: Packet) => boolean;
	/** The fault that it names. */
	readonly by: string | undefined;
}

const PATTERN =
	/^(?:(?<least>\d+)(?<range>\.\.(?<most>\d+)?)?x )?(?<direction>[<>]) (?:icmp(?: (?!sent|unobserved|unknown|dropped)(?<name>[A-Za-z][A-Za-z-]*|type \d+ code \d+))?|(?<flags>\S+)(?: (?<length>\d+)|(?<forged> forged))?)(?: (?<fate>sent|unobserved|unknown|dropped(?: by (?<by>\S+))?))?$/;
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

/** Reads a pattern; what is wrong with it is said with an example. */
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
				'firewall forged, "< icmp host-unreachable" for ICMP, "..." for any number of any segments.',
		});
	}
	const { least, range, most, direction, flags, length, forged, name, fate, by } = groups;
	if (name !== undefined) assertIcmpName(name, pattern);
	const host = direction === '>' ? 'client' : 'server';
	const subject = isIcmp ? 'icmp' : forged === undefined ? 'segment' : 'forged';
	const wanted = {
		fate: (fate?.split(' ')[0] ?? 'delivered') as ParsedPattern['fate'],
		length: length === undefined ? undefined : Number(length),
	};
	const isLike = (packet: Packet) =>
		packet.kind === 'icmp'
			? name === undefined || packet.name === name
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

/** A message that cannot have this name would be waited for in vain. */
function assertIcmpName(name: string, pattern: string): void {
	if (ICMP_NAMES.has(name) || name.startsWith('type ')) return;
	throw new HalfopenError('OPTION_INVALID', {
		problem: `“${pattern}” names an ICMP message that does not exist: “${name}”.`,
		seen: `nearest: ${nearestNames(name, ICMP_NAMES).join(', ')}`,
		remedy: 'Correct the name: `iptables -p icmp -h` lists them. Write "type 3 code 99" for a message without a name.',
	});
}

/**
 * Nothing that stayed at its host is the subject of any pattern, but what its firewall forged in the name of the other.
 */
function subjectOf(packet: Packet): Subject | undefined {
	if (packet.kind === 'segment' && packet.origin === 'firewall') return 'forged';
	return packet.link === undefined ? packet.kind : undefined;
}

/** By its addresses: a firewall that forges a segment over the loopback does so in the name of the other host. */
function senderOf(packet: Packet): Packet['host'] {
	return packet.link === undefined ? packet.host : otherHost(packet.host);
}

/**
 * What the patterns are held against, in order. ICMP, and segments that a firewall forged, count only where a pattern
 * names such: else a list of the segments that the two stacks sent could not be complete without them.
 */
export function packetsFor<P extends Packet>(
	packets: readonly (P | { readonly kind: string })[],
	patterns: readonly ParsedPattern[],
): P[] {
	const wanted = new Set<Subject | undefined>(['segment', ...patterns.map(({ subject }) => subject)]);
	wanted.delete(undefined);
	return packets.filter((packet): packet is P => isPacket(packet) && wanted.has(subjectOf(packet)));
}

function isPacket(event: { readonly kind: string }): event is Packet {
	return event.kind === 'segment' || event.kind === 'icmp';
}

/**
 * Reads a pattern of one segment, and says whether a segment is like it. With a count no single segment would ever be.
 */
export function parseOneSegment(pattern: OneSegmentPattern): ParsedPattern {
	const parsed = parsePattern(pattern);
	if (parsed.least === 1 && parsed.most === 1) return parsed;
	throw new HalfopenError('PATTERN_INVALID', {
		problem: `“${pattern}” does not match exactly one segment.`,
		remedy:
			'Leave the count out: "> F.", "< R", "> F. dropped by drop-1". To count segments, use toShowSegment("2x > R").',
	});
}

/** Reads a pattern of a segment that may be counted: without a count, it stands for one or more. */
export function parseCounted(pattern: CountedPattern): ParsedPattern {
	const parsed = parsePattern(pattern);
	if (parsed.subject === undefined) parseOneSegment('...' as OneSegmentPattern);
	return /^\d/.test(pattern) ? parsed : { ...parsed, most: Number.POSITIVE_INFINITY };
}

/** True if the patterns describe all these packets, in order. Takes time in proportion to packets and patterns. */
export function matchSegments(packets: readonly Packet[], patterns: readonly ParsedPattern[]): boolean {
	/** Before which of the packets a pattern may begin: 1 where it may. */
	let starts = new Uint8Array(packets.length + 1);
	starts[0] = 1;
	for (const pattern of patterns) starts = endsOf(pattern, packets, starts);
	return starts[packets.length] === 1;
}

/** How far the packets go along with the patterns: how many of them, and which pattern was to fit the next. */
export function matchedUntil(
	packets: readonly Packet[],
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

/** Where a pattern may end that may begin at these places. */
function endsOf(
	{ least, most, subject, fits }: ParsedPattern,
	packets: readonly Packet[],
	starts: Uint8Array,
): Uint8Array<ArrayBuffer> {
	const ends = new Uint8Array(packets.length + 1);
	const [first, last] = [starts.indexOf(1), starts.lastIndexOf(1)];
	if (first < 0) return ends;
	if (subject === undefined) return ends.fill(1, first);
	const atMost = Math.min(most, packets.length);
	/** All packets from there on fit, and the last place to begin that leaves room for the least. */
	let fittingSince = first;
	let lastStart = -1;
	for (let end = first; end <= packets.length && fittingSince <= last; end++) {
		if (end > first && !fits(packets[end - 1] as Packet)) fittingSince = end;
		if (end >= least && starts[end - least] === 1) lastStart = end - least;
		if (lastStart >= fittingSince && lastStart >= end - atMost) ends[end] = 1;
	}
	return ends;
}
