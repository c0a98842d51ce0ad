import { isIPv4, isIPv6 } from 'node:net';
import { z } from 'zod';
import { HalfopenError } from '../errors.ts';
import { OPTION_KINDS } from '../formats/tcp-options.ts';
import { type IpVersion, versionOf } from '../lab/family.ts';
import { assertPort } from '../tcp/port.ts';

/** The name of a TCP option, as tcpdump and ladders print it. */
export type TcpOptionName = keyof typeof OPTION_KINDS;

/** The properties of TCP segments that a fault applies to. A segment must have all that are given. */
export interface SegmentProperties {
	readonly sourcePort?: number;
	readonly destinationPort?: number;
	/** An address, or a network with its prefix length: `198.18.0.0/29`, `2001:2::/64`. */
	readonly sourceAddress?: string;
	readonly destinationAddress?: string;
	/**
	 * Two lists as for `--tcp-flags` of iptables, separated by a blank: the flags to check, and those of them
	 * that must be set. `SYN,RST,ACK SYN,ACK` matches SYN-ACKs.
	 */
	readonly tcpFlags?: string;
	/** How many bytes of data it has, as patterns and ladders show it: without the headers. */
	readonly length?: number | { readonly atLeast?: number; readonly atMost?: number };
	/** A TCP option that it carries: by name, or by its kind (1 to 255). */
	readonly option?: TcpOptionName | number;
	/** A text (UTF-8) or bytes that its data contains: up to 128 bytes, all of them in this one segment. */
	readonly payload?: string | Uint8Array;
}

/** Which of the segments that have these properties a fault applies to. By default to all. */
export interface SegmentChoice {
	/** Only every nth, beginning with the first. */
	readonly every?: number;
	/** Only the nth of each connection, in each direction: 1 to 100. */
	readonly nth?: number;
	/** Only a random share: above 0, up to 1. */
	readonly probability?: number;
}

/** The TCP segments that a fault applies to. Without any property, these are all. */
export interface SegmentMatch extends SegmentProperties, SegmentChoice {}

/** The kernel's limit for a search (XT_STRING_MAX_PATTERN_SIZE in linux/netfilter/xt_string.h). */
const MAX_PAYLOAD = 128;
/** A packet has at most so many bytes (RFC 791, 3.1, Total Length; RFC 8200, 3, Payload Length). */
const MAX_LENGTH = 65_535;
/** A host's firewall needs a rule for each packet that comes before it. */
const MAX_NTH = 100;

const bytes = z.int().min(0).max(MAX_LENGTH);

/** Ports, addresses and flags are validated by `parseMatch`, with their own errors. */
export const segmentShape = {
	sourcePort: z.unknown().optional(),
	destinationPort: z.unknown().optional(),
	sourceAddress: z.string().optional(),
	destinationAddress: z.string().optional(),
	tcpFlags: z.string().optional(),
	length: z
		.union([
			bytes,
			z
				.strictObject({ atLeast: bytes.optional(), atMost: bytes.optional() })
				.refine(({ atLeast = 0, atMost = MAX_LENGTH }) => atLeast <= atMost, 'atLeast is above atMost'),
		])
		.optional(),
	option: z.union([z.literal(optionNames()), z.int().min(1).max(255)]).optional(),
	payload: z
		.union([z.string(), z.instanceof(Uint8Array)])
		.refine((payload) => payload.length > 0 && bytesOf(payload).length <= MAX_PAYLOAD, `1 to ${MAX_PAYLOAD} bytes`)
		.optional(),
} satisfies Record<keyof SegmentProperties, z.ZodType>;

export const choiceShape = {
	every: z.int().min(1).optional(),
	nth: z.int().min(1).max(MAX_NTH).optional(),
	probability: z.number().positive().max(1).optional(),
} satisfies Record<keyof SegmentChoice, z.ZodType>;

function optionNames(): TcpOptionName[] {
	return Object.keys(OPTION_KINDS) as TcpOptionName[];
}

/** Flags to check, and those of them that must be set. */
export interface FlagCriteria {
	readonly mask: readonly Flag[];
	readonly set: readonly Flag[];
}

/** A valid match. Each firewall has its own translation. */
export interface SegmentCriteria extends Pick<SegmentMatch, 'every' | 'nth' | 'probability'> {
	readonly sourcePort?: number;
	readonly destinationPort?: number;
	readonly sourceAddress?: string;
	readonly destinationAddress?: string;
	/** The version of IP that the addresses have. */
	readonly version?: IpVersion;
	readonly flags?: FlagCriteria;
	/** In bytes of data, both included. */
	readonly length?: { readonly atLeast: number; readonly atMost: number };
	/** The kind of a TCP option. */
	readonly option?: number;
	readonly payload?: Buffer;
}

/**
 * Reads a match that `segmentShape` and `choiceShape` have found valid. Throws PORT_OUT_OF_RANGE, ADDRESS_INVALID,
 * FLAGS_IMPOSSIBLE or OPTION_INVALID if it can match no segment.
 */
export function parseMatch(match: SegmentMatch): SegmentCriteria {
	const { sourcePort, destinationPort, sourceAddress, destinationAddress, tcpFlags, length, option, payload } = match;
	const { every, nth, probability } = match;
	if (nth !== undefined && (every !== undefined || probability !== undefined)) throw countedTwice(match);
	const addresses = [sourceAddress, destinationAddress].filter((address) => address !== undefined).map(assertAddress);
	const version = versionOfBoth(addresses);
	return {
		...(sourcePort !== undefined && { sourcePort: assertPort(sourcePort) }),
		...(destinationPort !== undefined && { destinationPort: assertPort(destinationPort) }),
		...(sourceAddress !== undefined && { sourceAddress }),
		...(destinationAddress !== undefined && { destinationAddress }),
		...(version !== undefined && { version }),
		...(tcpFlags !== undefined && { flags: parseFlags(tcpFlags) }),
		...(length !== undefined && { length: boundsOf(length) }),
		...(option !== undefined && { option: typeof option === 'number' ? option : OPTION_KINDS[option] }),
		...(payload !== undefined && { payload: bytesOf(payload) }),
		...(every !== undefined && { every }),
		...(nth !== undefined && { nth }),
		...(probability !== undefined && { probability }),
	};
}

const bytesOf = (payload: string | Uint8Array): Buffer =>
	typeof payload === 'string' ? Buffer.from(payload) : Buffer.from(payload);

function boundsOf(length: NonNullable<SegmentMatch['length']>): { atLeast: number; atMost: number } {
	if (typeof length === 'number') return { atLeast: length, atMost: length };
	const { atLeast = 0, atMost = MAX_LENGTH } = length;
	return { atLeast, atMost };
}

/** Describes a match for the timeline, in the words of iptables where it has one. */
export function describeMatch(match: SegmentMatch): string {
	const { sourceAddress, destinationAddress, sourcePort, destinationPort, tcpFlags, length, option, payload } = match;
	const given: Record<string, unknown> = {
		'-s': sourceAddress,
		'-d': destinationAddress,
		'--sport': sourcePort,
		'--dport': destinationPort,
		'--tcp-flags': tcpFlags?.trim().split(/\s+/).join(' '),
		'--data-length': typeof length === 'object' ? `${length.atLeast ?? 0}:${length.atMost ?? ''}` : length,
		'--tcp-option': option,
		'--string': typeof payload === 'string' ? JSON.stringify(payload) : payload && bytesOf(payload).toString('hex'),
		'--every': match.every,
		'--nth': match.nth,
		'--probability': match.probability,
	};
	return Object.entries(given)
		.flatMap(([word, value]) => (value === undefined ? [] : [`${word} ${value}`]))
		.join(' ');
}

function countedTwice({ every }: SegmentMatch): HalfopenError {
	return new HalfopenError('OPTION_INVALID', {
		problem: `The match field nth cannot be given together with ${every === undefined ? 'probability' : 'every'}.`,
		seen: 'Each chooses among the segments that have the other properties, so it is not clear which comes first.',
		remedy: 'Give one of them.',
	});
}

/** Returns the version of IP that addresses have in common; undefined without addresses. */
function versionOfBoth(addresses: readonly string[]): IpVersion | undefined {
	const [version, other] = new Set(addresses.map(versionOf));
	if (other === undefined) return version;
	throw new HalfopenError('ADDRESS_INVALID', {
		problem: 'No packet has an IPv4 and an IPv6 address.',
		seen: addresses.join(', '),
		remedy: 'Give two addresses of the same version of IP.',
	});
}

/** Validates an address or network. Other texts are refused, because iptables would resolve them as a host name. */
function assertAddress(address: string): string {
	const [, ip = '', length = '0'] = /^([\da-f.:]+)(?:\/(\d{1,3}))?$/i.exec(address) ?? [];
	if ((isIPv4(ip) && Number(length) <= 32) || (isIPv6(ip) && Number(length) <= 128)) return address;
	throw new HalfopenError('ADDRESS_INVALID', {
		problem: `${JSON.stringify(address)} is neither an IP address nor a network.`,
		remedy:
			'Give an address (198.18.0.2, 2001:2::2), or a network with its prefix length (198.18.0.0/29). `host.address` ' +
			'is the address of a host of the lab.',
	});
}

/** The flags that iptables knows, each with its bit (RFC 9293, 3.1). */
export const FLAG_VALUES = { SYN: 0x02, ACK: 0x10, FIN: 0x01, RST: 0x04, URG: 0x20, PSH: 0x08 } as const;
type Flag = keyof typeof FLAG_VALUES;
const FLAGS = Object.keys(FLAG_VALUES) as Flag[];

function parseFlags(tcpFlags: string): FlagCriteria {
	const lists = tcpFlags.trim().split(/\s+/);
	const [mask = [], set = []] = lists.map((list) => (list === 'NONE' ? [] : list === 'ALL' ? FLAGS : list.split(',')));
	const unknown = [...mask, ...set].filter((flag) => !isFlag(flag));
	const outside = set.filter((flag) => !mask.includes(flag));
	if (lists.length === 2 && mask.length > 0 && unknown.length === 0 && outside.length === 0)
		return { mask: mask.filter(isFlag), set: set.filter(isFlag) };
	const why =
		lists.length !== 2
			? 'two lists are needed'
			: unknown.length > 0
				? `${unknown.join(', ')} is not a flag`
				: mask.length === 0
					? 'the list of flags to check is empty'
					: `${outside.join(', ')} must be set but is not in the list of flags to check`;
	throw new HalfopenError('FLAGS_IMPOSSIBLE', {
		problem: `The TCP flags “${tcpFlags}” match no packet: ${why}.`,
		remedy:
			'Write them as for iptables: the flags to check, a blank, and those of them that must be set, e.g. ' +
			`"SYN,RST,ACK SYN,ACK". The flags are ${FLAGS.join(', ')}, ALL, NONE.`,
	});
}

const isFlag = (name: string): name is Flag => Object.hasOwn(FLAG_VALUES, name);
