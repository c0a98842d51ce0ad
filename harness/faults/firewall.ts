import { HalfopenError } from '../errors.ts';
import { OWN_CHAIN } from '../formats/iptables.ts';
import type { Boot } from '../lab/boot.ts';
import { logTarget } from '../probes/firewall-log.ts';

/** What happens to a packet that a rule matches, as iptables says it. */
export type Verdict = readonly string[];

/** Rules that belong to one fault: a chain of its own, and the places from where it is jumped to. */
export interface RuleSet {
	readonly id: string;
	/** Matches in front of the jump: `['INPUT', '-i', 'eth0', '-p', 'tcp']`. */
	readonly jumps: readonly (readonly string[])[];
	readonly verdict: Verdict;
}

/** Names of faults are in small letters, so the sentinels' chain, in capitals, is nobody's. */
const chainOf = (id: string) => `${OWN_CHAIN}${id}`;

/**
 * The firewall of one boot: rules in chains of the project's own, put in and taken out one by one, never flushed.
 * Returns when they were in force, in seconds since the epoch.
 */
export async function insertRules(boot: Boot, { id, jumps, verdict }: RuleSet): Promise<number> {
	await boot.startFirewallLog((lines) => restore(boot, lines));
	return restore(boot, [
		`:${chainOf(id)} - [0:0]`,
		`-A ${chainOf(id)} ${logTarget(id, verdict.includes('REJECT') ? 'REJECT' : 'DROP')}`,
		`-A ${chainOf(id)} ${verdict.join(' ')}`,
		...jumps.map(([hook, ...match]) => `-I ${hook} 1 ${match.join(' ')} -j ${chainOf(id)}`),
	]);
}

/** Takes the rules out again; returns how many packets they had met, and when they ceased to be in force. */
export async function removeRules(boot: Boot, rules: RuleSet): Promise<{ met: number; t: number }> {
	// First the jumps, so that no packet is counted behind the count.
	const t = await restore(
		boot,
		rules.jumps.map(([hook, ...match]) => `-D ${hook} ${match.join(' ')} -j ${chainOf(rules.id)}`),
	);
	const met = await countPackets(boot, rules);
	await restore(boot, [`-F ${chainOf(rules.id)}`, `-X ${chainOf(rules.id)}`]);
	return { met, t };
}

/** How many packets the rules have met so far. */
export async function countPackets(boot: Boot, { id }: RuleSet): Promise<number> {
	const { status, out, err } = await boot.machine.run(['iptables', '-w', '-nvxL', chainOf(id)]);
	// Two lines of heading, then the log rule: pkts bytes target …
	const met = /^\s*(\d+)\s+\d+\s+NFLOG/m.exec(out)?.[1];
	if (status === 0 && met !== undefined) return Number(met);
	throw new HalfopenError('ENGINE_REFUSED', {
		problem: `The host’s firewall does not show how many packets the rules of ${id} matched.`,
		seen: `${out}${err}`,
		remedy: 'Remove what else changes the chain HALFOPEN-… of this fault: only the fault’s own handle may change it.',
	});
}

async function restore(boot: Boot, lines: readonly string[]): Promise<number> {
	const broken = lines.find((line) => /\p{Cc}/u.test(line));
	if (broken !== undefined) {
		throw new HalfopenError('OPTION_INVALID', {
			problem: 'A firewall rule has a line end or another control character in it.',
			seen: JSON.stringify(broken),
			remedy: 'Remove control characters from the options that the rule is made of.',
		});
	}
	const input = ['*filter', ...lines, 'COMMIT', ''].join('\n');
	const { status, err, t } = await boot.machine.run(['iptables-restore', '-w', '--noflush'], { input });
	if (status === 0) return t;
	throw new HalfopenError('ENGINE_REFUSED', {
		problem: 'The host’s firewall refused a rule.',
		seen: `${input}${err}`,
		remedy:
			'Correct what iptables reports. If the rule is right, the kernel may lack a netfilter module (nf_tables, ' +
			'xt_NFLOG, xt_statistic): load it on the engine’s machine.',
	});
}
