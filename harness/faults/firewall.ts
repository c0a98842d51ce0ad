import { HalfopenError } from '../errors.ts';
import { OWN_CHAIN } from '../formats/iptables.ts';
import type { Boot } from '../lab/boot.ts';
import { restoreRules } from '../lab/iptables.ts';
import { logTarget } from '../probes/firewall-log.ts';
import { runAll } from './fault.ts';

/** The rules of one fault: a chain that only this fault has, and the rules that jump to it. */
export interface RuleSet {
	readonly id: string;
	/** A built-in chain and the match of each jump: `['INPUT', '-i', 'eth0', '-p', 'tcp']`. */
	readonly jumps: readonly (readonly string[])[];
	/** The target of the packets that match, with iptables' options: `['-j', 'DROP']`. */
	readonly target: readonly string[];
}

/** Names of faults have small letters. So no fault has the name of the sentinels' chain, which is in capitals. */
const chainOf = (id: string) => `${OWN_CHAIN}${id}`;

/**
 * Inserts the rules of a fault in front of all others. Returns when they were in force, in seconds since the epoch. If
 * it rejects, none of the rules is in force, because iptables-restore applies all lines or none.
 */
export async function insertRules(boot: Boot, { id, jumps, target }: RuleSet): Promise<number> {
	await boot.startFirewallLog((lines) => restoreRules(boot.machine, lines));
	return restoreRules(boot.machine, [
		`:${chainOf(id)} - [0:0]`,
		`-A ${chainOf(id)} ${logTarget(id, target.includes('REJECT') ? 'REJECT' : 'DROP')}`,
		`-A ${chainOf(id)} ${target.join(' ')}`,
		...jumps.map(([hook, ...match]) => `-I ${hook} 1 ${match.join(' ')} -j ${chainOf(id)}`),
	]);
}

/**
 * Removes exactly the rules of a fault. Returns how many packets they matched, and when they ceased to be in force, in
 * seconds since the epoch. If a step fails, the remaining steps are tried all the same.
 */
export async function removeRules(boot: Boot, rules: RuleSet): Promise<{ met: number; t: number }> {
	let t = 0;
	let met = 0;
	await runAll(
		// The jumps first, so that no packet matches after the count.
		async () => {
			const jumps = rules.jumps.map(([hook, ...match]) => `-D ${hook} ${match.join(' ')} -j ${chainOf(rules.id)}`);
			t = await restoreRules(boot.machine, jumps);
		},
		async () => {
			met = await countPackets(boot, rules);
		},
		() => restoreRules(boot.machine, [`-F ${chainOf(rules.id)}`, `-X ${chainOf(rules.id)}`]),
	);
	return { met, t };
}

/** Returns how many packets the rules have matched so far. */
export async function countPackets(boot: Boot, { id }: RuleSet): Promise<number> {
	const { status, out, err } = await boot.machine.run(['iptables', '-w', '-nvxL', chainOf(id)]);
	// Two lines of heading, then the log rule: pkts bytes target …
	const met = /^\s*(\d+)\s+\d+\s+NFLOG/m.exec(out)?.[1];
	if (status === 0 && met !== undefined) return Number(met);
	throw new HalfopenError('ENGINE_REFUSED', {
		problem: `The host’s firewall does not show how many packets the rules of ${id} matched.`,
		seen: `${out}${err}`,
		remedy: 'Find out what else changes the chain HALFOPEN-… of this fault: only the fault itself may change it.',
	});
}
