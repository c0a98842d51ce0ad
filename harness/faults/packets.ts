import { isIPv4 } from 'node:net';
import { z } from 'zod';
import { HalfopenError } from '../errors.ts';
import type { Boot } from '../lab/boot.ts';
import type { LabContext } from '../lab/context.ts';
import { assertPort } from '../tcp/port.ts';
import type { HostName } from '../timeline/events.ts';
import { checked } from '../util/options.ts';
import { type Fault, inject, withoutEffect } from './fault.ts';
import { countPackets, insertRules, type RuleSet, removeRules } from './firewall.ts';

/** Which packets, as iptables matches them. */
export interface PacketMatch {
	/** A name for the fault; one is made where there is none. */
	readonly name?: string;
	/**
	 * `in`: as they arrive at this host, so that the sender learns nothing (the default). `out`: as they leave; then this
	 * host's own stack knows.
	 */
	readonly direction?: 'in' | 'out';
	readonly sourcePort?: number;
	readonly destinationPort?: number;
	readonly sourceAddress?: string;
	readonly destinationAddress?: string;
	/**
	 * As for `--tcp-flags`: the flags that are looked at, a blank, those of them that must be set: `SYN,RST,ACK SYN,ACK`.
	 */
	readonly tcpFlags?: string;
	/** Only every nth of the packets that match all else, the first included. */
	readonly every?: number;
	/** Only so many of the packets that match all else: 0 to 1. */
	readonly probability?: number;
}

/** How a rejected packet is answered (iptables-extensions(8), REJECT). */
const REJECT_WITHS = [
	'tcp-reset',
	'icmp-host-unreachable',
	'icmp-net-unreachable',
	'icmp-port-unreachable',
	'icmp-admin-prohibited',
] as const;
export type RejectWith = (typeof REJECT_WITHS)[number];

/** Ports are checked by `assertPort`, flags by `flagWords`: either has an error of its own. */
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

export interface PacketFault extends Fault {
	/** How many packets it met so far, by the rule's own counter; once healed, in all. */
	count(): Promise<number>;
}

/** Drops packets at a host, unseen by its stack. */
export function drop(boot: Boot, host: HostName, context: LabContext, match: PacketMatch): Promise<PacketFault> {
	checked(matchSchema, match, `${host}.drop`);
	return packetFault(boot, host, context, {
		kind: 'drop',
		match,
		verdict: ['-j', 'DROP'],
		did: async (met) => `dropped ${packets(met)}`,
	});
}

/** In the rule itself, too: only so does iptables accept to answer with a RST (iptables-extensions(8), REJECT). */
const TCP = ['-p', 'tcp'];

/** Refuses packets at a host with an answer. */
export function reject(
	boot: Boot,
	host: HostName,
	context: LabContext,
	match: PacketMatch & { with: RejectWith },
): Promise<PacketFault> {
	checked(rejectSchema, match, `${host}.reject`);
	const verdict = [...TCP, '-j', 'REJECT', '--reject-with', match.with];
	const answer = match.with === 'tcp-reset' ? 'RST' : 'ICMP message';
	const did = async (met: number, id: string) =>
		`rejected ${packets(met)}; ${await answersThatLeft(answer, met, { boot, host, context, id })}`;
	return packetFault(boot, host, context, { kind: 'reject', match, verdict, did });
}

interface Answering {
	readonly boot: Boot;
	readonly host: HostName;
	readonly context: LabContext;
	readonly id: string;
}

/**
 * The rule counts what it met; what it answered is counted in the host's own capture, for the kernel sends fewer ICMP
 * messages than it is asked for.
 */
async function answersThatLeft(answer: string, met: number, { boot, host, context, id }: Answering): Promise<string> {
	const { history } = context;
	await boot.flush();
	const blind = history.coverage.anyLoss({ observer: 'capture', host }, { observer: 'firewall', host });
	if (blind) return `how many ${answer}s left is not known, for the ${blind.observer} missed some`;
	const left = history.countAnswersTo(id);
	const limited = left < met && answer !== 'RST' ? ' (icmp_ratelimit, icmp_msgs_per_sec)' : '';
	return `${left} ${answer}${left === 1 ? '' : 's'} left${limited}`;
}

const packets = (count: number) => `${count} packet${count === 1 ? '' : 's'}`;

interface Kind {
	readonly kind: string;
	readonly match: PacketMatch;
	readonly verdict: readonly string[];
	/** What it did in all, told when it is healed. */
	readonly did: (met: number, id: string) => Promise<string>;
}

async function packetFault(
	boot: Boot,
	host: HostName,
	context: LabContext,
	{ kind, match, verdict, did }: Kind,
): Promise<PacketFault> {
	const words = matchWords(match);
	const id = context.names.take(kind, match.name);
	const direction = match.direction ?? 'in';
	const hook = direction === 'in' ? ['INPUT', '-i', boot.device] : ['OUTPUT', '-o', boot.device];
	const rules: RuleSet = { id, jumps: [[...hook, ...words]], verdict };
	const target = verdict.slice(verdict.indexOf('-j') + 1);
	const text = `${host}: ${[...target, direction, ...words.slice(TCP.length)].join(' ')}`;
	let metInAll: number | undefined;
	return inject(
		context,
		{ id, what: 'packets', host, text },
		{
			inject: async () => ({ t: context.history.at(await insertRules(boot, rules)) }),
			heal: async () => {
				// With its machine the rules went, too.
				if (!boot.running) return { proof: 'gone with the machine' };
				const { met, t } = await removeRules(boot, rules);
				metInAll = met;
				if (met === 0)
					throw withoutEffect(text, [`no packet met it (${id})`, ...inFrontOf(id, host, context)].join('\n'));
				return { t: context.history.at(t), proof: await did(met, id) };
			},
		},
		{ count: async () => metInAll ?? countPackets(boot, rules) },
	);
}

/** Rules are put in front of earlier ones: what a later fault takes, this one does not meet. */
function inFrontOf(id: string, host: HostName, { history }: LabContext): string[] {
	const faults = history
		.of('fault')
		.filter(({ what, phase }) => (what === 'packets' || what === 'link') && phase === 'injected');
	const later = faults
		.slice(faults.findIndex((fault) => fault.id === id) + 1)
		.filter((fault) => fault.what === 'link' || fault.host === host);
	const foreign = history.coverage.openLoss({ observer: 'rules', host });
	return [
		...later.map((fault) => `in front of it stood ${fault.id} (${fault.text})`),
		...(foreign ? [foreign.what] : []),
	];
}

const FLAG_NAMES = ['SYN', 'ACK', 'FIN', 'RST', 'URG', 'PSH'];

/** The match in iptables' words; refuses what iptables would refuse, or could never match. */
export function matchWords(match: PacketMatch): string[] {
	const words = [...TCP];
	if (match.sourceAddress !== undefined) words.push('-s', assertAddress(match.sourceAddress));
	if (match.destinationAddress !== undefined) words.push('-d', assertAddress(match.destinationAddress));
	if (match.sourcePort !== undefined) words.push('--sport', String(assertPort(match.sourcePort)));
	if (match.destinationPort !== undefined) words.push('--dport', String(assertPort(match.destinationPort)));
	if (match.tcpFlags !== undefined) words.push('--tcp-flags', ...flagWords(match.tcpFlags));
	return [...words, ...statisticWords(match)];
}

/**
 * An IPv4 address, or a network of them with the length of its prefix: what a rule matches without asking anybody for a
 * name.
 */
function assertAddress(address: string): string {
	const [, ip = '', length = '32'] = /^([\d.]+)(?:\/(\d{1,2}))?$/.exec(address) ?? [];
	if (isIPv4(ip) && Number(length) <= 32) return address;
	throw new HalfopenError('ADDRESS_INVALID', {
		problem: `${JSON.stringify(address)} is neither an IPv4 address nor an IPv4 network.`,
		remedy:
			'Give an address (198.18.0.2), or a network with its prefix length (198.18.0.0/29). `host.address` is the ' +
			'address of a host of the lab.',
	});
}

function flagWords(tcpFlags: string): string[] {
	const lists = tcpFlags.trim().split(/\s+/);
	const [looked = [], set = []] = lists.map((list) =>
		list === 'NONE' ? [] : list === 'ALL' ? FLAG_NAMES : list.split(','),
	);
	const unknown = [...looked, ...set].filter((flag) => !FLAG_NAMES.includes(flag));
	const outside = set.filter((flag) => !looked.includes(flag));
	if (lists.length === 2 && looked.length > 0 && unknown.length === 0 && outside.length === 0) return lists;
	const why =
		lists.length !== 2
			? 'two lists are needed'
			: unknown.length > 0
				? `${unknown.join(', ')} is not a flag`
				: looked.length === 0
					? 'the list of flags to look at is empty'
					: `${outside.join(', ')} must be set but is not in the list of flags to look at`;
	throw new HalfopenError('FLAGS_IMPOSSIBLE', {
		problem: `The TCP flags “${tcpFlags}” match no packet: ${why}.`,
		remedy:
			'Write them as iptables does: the flags to look at, a blank, and those of them that must be set, e.g. ' +
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
