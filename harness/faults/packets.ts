import { isIPv4, isIPv6 } from 'node:net';
import { z } from 'zod';
import { HalfopenError } from '../errors.ts';
import type { Boot } from '../lab/boot.ts';
import type { LabContext } from '../lab/context.ts';
import { type IpVersion, versionOf } from '../lab/family.ts';
import { DEVICE } from '../lab/wire.ts';
import { assertPort } from '../tcp/port.ts';
import type { HostName } from '../timeline/events.ts';
import { checked } from '../util/options.ts';
import { type Fault, inject, withoutEffect } from './fault.ts';
import { countPackets, insertRules, type RuleSet, removeRules } from './firewall.ts';

/**
 * The TCP packets that a fault applies to. A packet must have all the given properties; without any, every TCP packet
 * matches.
 */
export interface PacketMatch {
	/** The name of the fault. Default: `drop-1`, `reject-1`, … */
	readonly name?: string;
	/**
	 * `in` (the default): packets that arrive at this host; the sender's stack does not notice. `out`: packets that leave
	 * this host; its own stack notices.
	 */
	readonly direction?: 'in' | 'out';
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
	/** Only every nth of the packets that otherwise match, beginning with the first. */
	readonly every?: number;
	/** Only a random share of the packets that otherwise match: above 0, up to 1. */
	readonly probability?: number;
}

/** The answers to a rejected packet (iptables-extensions(8), REJECT). */
const REJECT_WITHS = [
	'tcp-reset',
	'icmp-host-unreachable',
	'icmp-net-unreachable',
	'icmp-port-unreachable',
	'icmp-admin-prohibited',
] as const;
/**
 * The answer to a rejected packet: a RST, or one of these ICMP messages. Over IPv6 it is the ICMPv6 message of the same
 * meaning (`WITH_OF_IPV6`).
 */
export type RejectWith = (typeof REJECT_WITHS)[number];

/** The answers of ip6tables. A kernel that gets one has the same error as over IPv4, except that a prohibition is EACCES. */
const WITH_OF_IPV6: Readonly<Record<RejectWith, string>> = {
	'tcp-reset': 'tcp-reset',
	'icmp-host-unreachable': 'icmp6-addr-unreachable',
	'icmp-net-unreachable': 'icmp6-no-route',
	'icmp-port-unreachable': 'icmp6-port-unreachable',
	'icmp-admin-prohibited': 'icmp6-adm-prohibited',
};

// Ports are validated by `assertPort`, flags by `flagWords`, with their own errors.
const matchSchema = z.strictObject({
	name: z.string().optional(),
	direction: z.enum(['in', 'out']).optional(),
	sourcePort: z.unknown().optional(),
	destinationPort: z.unknown().optional(),
	sourceAddress: z.string().optional(),
	destinationAddress: z.string().optional(),
	tcpFlags: z.string().optional(),
	every: z.number().optional(),
	probability: z.number().optional(),
}) satisfies z.ZodObject<Record<keyof PacketMatch, z.ZodType>>;
const rejectSchema = matchSchema.extend({ with: z.enum(REJECT_WITHS) });

/** A fault that drops or rejects packets. */
export interface PacketFault extends Fault {
	/**
	 * Returns how many packets have matched so far, by the counter of the firewall rule. After healing: how many in all.
	 */
	count(): Promise<number>;
}

/** Drops packets at a host without an answer. */
export function drop(boot: Boot, host: HostName, context: LabContext, match: PacketMatch): Promise<PacketFault> {
	checked(matchSchema, match, `${host}.drop`);
	return packetFault(boot, host, context, {
		kind: 'drop',
		match,
		targetOf: () => ['-j', 'DROP'],
		summary: async (met) => `dropped ${packets(met)}`,
	});
}

/**
 * Also part of the rule with the target: iptables requires it for an answer with a RST (iptables-extensions(8),
 * REJECT).
 */
const TCP = ['-p', 'tcp'];

/** Drops packets at a host and answers them. */
export function reject(
	boot: Boot,
	host: HostName,
	context: LabContext,
	match: PacketMatch & { with: RejectWith },
): Promise<PacketFault> {
	checked(rejectSchema, match, `${host}.reject`);
	const targetOf = (version: IpVersion) => {
		const answerOf = version === 'ipv6' ? WITH_OF_IPV6[match.with] : match.with;
		return [...TCP, '-j', 'REJECT', '--reject-with', answerOf];
	};
	const answer = match.with === 'tcp-reset' ? 'RST' : 'ICMP message';
	const summary = async (met: number, id: string) =>
		`rejected ${packets(met)}; ${await answersThatLeft(answer, met, { boot, host, context, id })}`;
	return packetFault(boot, host, context, { kind: 'reject', match, targetOf, summary });
}

interface RejectingHost {
	readonly boot: Boot;
	readonly host: HostName;
	readonly context: LabContext;
	readonly id: string;
}

/**
 * Returns how many answers left. The rule only counts the packets that matched, and the kernel limits ICMP messages, so
 * answers are counted in the host's own capture.
 */
async function answersThatLeft(
	answer: string,
	met: number,
	{ boot, host, context, id }: RejectingHost,
): Promise<string> {
	const { history } = context;
	await boot.flush();
	const loss = history.coverage.anyLoss({ observer: 'capture', host }, { observer: 'firewall', host });
	if (loss) return `the number of ${answer}s that left is unknown, because the ${loss.observer} missed some packets`;
	const left = history.countAnswersTo(id);
	const limited =
		left < met && answer !== 'RST' ? ' (icmp_ratelimit, icmp_msgs_per_sec; over IPv6 net.ipv6.icmp.ratelimit)' : '';
	return `${left} ${answer}${left === 1 ? '' : 's'} left${limited}`;
}

const packets = (count: number) => `${count} packet${count === 1 ? '' : 's'}`;

interface PacketFaultKind {
	readonly kind: string;
	readonly match: PacketMatch;
	/** The target of the packets that match, with iptables' options. */
	readonly targetOf: (version: IpVersion) => readonly string[];
	/** Returns a summary of the effects, for the timeline when the fault is healed. */
	readonly summary: (met: number, id: string) => Promise<string>;
}

async function packetFault(
	boot: Boot,
	host: HostName,
	context: LabContext,
	{ kind, match, targetOf, summary }: PacketFaultKind,
): Promise<PacketFault> {
	const words = matchWords(match);
	const id = context.names.take(kind, match.name);
	const direction = match.direction ?? 'in';
	const hook = direction === 'in' ? ['INPUT', '-i', DEVICE] : ['OUTPUT', '-o', DEVICE];
	const versions = versionsOf(match) ?? context.ipVersions;
	const rules: readonly RuleSet[] = versions.map((version) => ({
		...{ id, version, jumps: [[...hook, ...words]] },
		target: targetOf(version),
	}));
	const [target = []] = rules.map((set) => set.target);
	const action = target.slice(target.indexOf('-j') + 1);
	const text = `${host}: ${[...action, direction, ...words.slice(TCP.length)].join(' ')}`;
	/** Whether the rules are, or may be, in force. */
	let hasRules = false;
	let metInAll: number | undefined;
	return inject(
		context,
		{ id, what: 'packets', host, text },
		{
			inject: async () => {
				hasRules = true;
				const inserting = insertRules(boot, rules);
				inserting.catch(() => {
					hasRules = false;
				});
				return { t: context.history.at(await inserting) };
			},
			heal: async () => {
				if (!boot.running) return { proof: 'gone with the machine' };
				if (!hasRules) return {};
				const { met, t } = await removeRules(boot, rules);
				metInAll = met;
				if (met === 0)
					throw withoutEffect(text, [`no packet matched it (${id})`, ...inFrontOf(id, host, context)].join('\n'));
				return { t: context.history.at(t), proof: await summary(met, id) };
			},
		},
		{ count: async () => metInAll ?? countPackets(boot, rules) },
	);
}

/**
 * Returns what may have dropped the packets first: faults of the wire, and later faults of this host, whose rules are
 * inserted in front of earlier ones.
 */
function inFrontOf(id: string, host: HostName, { history }: LabContext): string[] {
	const faults = history
		.of('fault')
		.filter(({ what, phase }) => (what === 'packets' || what === 'link') && phase === 'injected');
	const own = faults.findIndex((fault) => fault.id === id);
	const before = faults.filter((fault, index) => fault.what === 'link' || (index > own && fault.host === host));
	const foreign = history.coverage.openLoss({ observer: 'rules', host });
	return [
		...before.map((fault) => `in front of it was ${fault.id} (${fault.text})`),
		...(foreign ? [foreign.what] : []),
	];
}

const FLAG_NAMES = ['SYN', 'ACK', 'FIN', 'RST', 'URG', 'PSH'];

/**
 * Returns the options of iptables for a match. Throws if iptables would refuse them, or if they can match no packet.
 */
export function matchWords(match: PacketMatch): string[] {
	const words = [...TCP];
	if (match.sourceAddress !== undefined) words.push('-s', assertAddress(match.sourceAddress));
	if (match.destinationAddress !== undefined) words.push('-d', assertAddress(match.destinationAddress));
	if (match.sourcePort !== undefined) words.push('--sport', String(assertPort(match.sourcePort)));
	if (match.destinationPort !== undefined) words.push('--dport', String(assertPort(match.destinationPort)));
	if (match.tcpFlags !== undefined) words.push('--tcp-flags', ...flagWords(match.tcpFlags));
	return [...words, ...statisticWords(match)];
}

/** Returns the version of IP that a match with addresses is for; undefined without addresses. */
function versionsOf({ sourceAddress, destinationAddress }: PacketMatch): readonly IpVersion[] | undefined {
	const given = [sourceAddress, destinationAddress].filter((address) => address !== undefined);
	const versions = [...new Set(given.map(versionOf))];
	if (versions.length < 2) return versions.length === 0 ? undefined : versions;
	throw new HalfopenError('ADDRESS_INVALID', {
		problem: 'No packet has an IPv4 and an IPv6 address.',
		seen: given.join(', '),
		remedy: 'Give two addresses of the same version of IP.',
	});
}

/**
 * Validates an address or network. Other texts are refused, because iptables would resolve them as a host name.
 */
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

function flagWords(tcpFlags: string): string[] {
	const lists = tcpFlags.trim().split(/\s+/);
	const [mask = [], set = []] = lists.map((list) =>
		list === 'NONE' ? [] : list === 'ALL' ? FLAG_NAMES : list.split(','),
	);
	const unknown = [...mask, ...set].filter((flag) => !FLAG_NAMES.includes(flag));
	const outside = set.filter((flag) => !mask.includes(flag));
	if (lists.length === 2 && mask.length > 0 && unknown.length === 0 && outside.length === 0) return lists;
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
			`"SYN,RST,ACK SYN,ACK". The flags are ${FLAG_NAMES.join(', ')}, ALL, NONE.`,
	});
}

function statisticWords({ every, probability }: PacketMatch): string[] {
	if (every !== undefined && (!Number.isInteger(every) || every < 1))
		throw badNumber('every', every, 'a whole number from 1');
	if (probability !== undefined && !(typeof probability === 'number' && probability > 0 && probability <= 1))
		throw badNumber('probability', probability, 'a number above 0, up to 1');
	return [
		...(every === undefined ? [] : ['-m', 'statistic', '--mode', 'nth', '--every', String(every), '--packet', '0']),
		...(probability === undefined ? [] : ['-m', 'statistic', '--mode', 'random', '--probability', String(probability)]),
	];
}

function badNumber(name: string, seen: number, range: string): HalfopenError {
	return new HalfopenError('OPTION_INVALID', { problem: `${name} cannot be ${seen}.`, remedy: `Give ${range}.` });
}
