import { z } from 'zod';
import type { Boot } from '../lab/boot.ts';
import type { LabContext } from '../lab/context.ts';
import type { IpVersion } from '../lab/family.ts';
import { DEVICE } from '../lab/wire.ts';
import type { HostName } from '../timeline/events.ts';
import { checked } from '../util/options.ts';
import { type Fault, inject, withoutEffect } from './fault.ts';
import { countPackets, insertRules, type RuleSet, removeRules } from './firewall.ts';
import { iptablesMatch, TCP } from './iptables-match.ts';
import { choiceShape, describeMatch, parseMatch, type SegmentMatch, segmentShape } from './segment-match.ts';

/** The TCP packets that a fault of a host applies to. Without any property, every TCP packet matches. */
export interface PacketMatch extends SegmentMatch {
	/** The name of the fault. Default: `drop-1`, `reject-1`, … */
	readonly name?: string;
	/**
	 * `in` (the default): packets that arrive at this host; the sender's stack does not notice. `out`: packets that leave
	 * this host; its own stack notices.
	 */
	readonly direction?: 'in' | 'out';
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

const matchSchema = z.strictObject({
	...segmentShape,
	...choiceShape,
	name: z.string().optional(),
	direction: z.enum(['in', 'out']).optional(),
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
		// iptables requires the protocol also here, for an answer with a RST (iptables-extensions(8), REJECT).
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
	const criteria = parseMatch(match);
	const id = context.names.take(kind, match.name);
	const { words, unless } = iptablesMatch(criteria, id);
	const direction = match.direction ?? 'in';
	const hook = direction === 'in' ? ['INPUT', '-i', DEVICE] : ['OUTPUT', '-o', DEVICE];
	const versions = criteria.version === undefined ? context.ipVersions : [criteria.version];
	const rules: readonly RuleSet[] = versions.map((version) => ({
		...{ id, version, jumps: [[...hook, ...words]], unless },
		target: targetOf(version),
	}));
	const [target = []] = rules.map((set) => set.target);
	const action = target.slice(target.indexOf('-j') + 1);
	const text = `${host}: ${[...action, direction, describeMatch(match)].filter(Boolean).join(' ')}`;
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
