import { HalfopenError } from '../errors.ts';
import { OWN_CHAIN } from '../formats/iptables.ts';
import type { Boot } from '../lab/boot.ts';
import type { IpVersion } from '../lab/family.ts';
import { IPTABLES, restoreRules } from '../lab/iptables.ts';
import { logTarget } from '../probes/firewall-log.ts';
import { runAll, undoAfter } from './fault.ts';

/** The rules of one fault for a version of IP: a chain that only this fault has, and the rules that jump to it. */
export interface RuleSet {
	readonly id: string;
	readonly version: IpVersion;
	/** A built-in chain and the match of each jump: `['INPUT', '-i', 'eth0', '-p', 'tcp']`. */
	readonly jumps: readonly (readonly string[])[];
	/** The matches of the first rules of the chain: packets that one of them matches return. */
	readonly unless: readonly (readonly string[])[];
	/** The target of the packets that match, with iptables' options: `['-j', 'DROP']`. */
	readonly target: readonly string[];
}

/** Names of faults have small letters. So no fault has the name of the sentinels' chain, which is in capitals. */
const chainOf = (id: string) => `${OWN_CHAIN}${id}`;

/**
 * Inserts the rules of a fault in front of all others. Returns when the last of them was in force, in seconds since the
 * epoch. If it rejects, none of the rules is in force, or the error says which: iptables-restore applies all lines or
 * none.
 */
export async function insertRules(boot: Boot, rules: readonly RuleSet[]): Promise<number> {
	await boot.startFirewallLog((lines) => restoreRules(boot.machine, lines));
	const inserted: RuleSet[] = [];
	let t = 0;
	for (const set of rules) {
		try {
			t = await insert(boot, set);
		} catch (error) {
			throw await undoAfter(error, () => removeRules(boot, inserted));
		}
		inserted.push(set);
	}
	return t;
}

function insert(boot: Boot, { id, version, jumps, unless, target }: RuleSet): Promise<number> {
	const lines = [
		`:${chainOf(id)} - [0:0]`,
		...unless.map((words) => `-A ${chainOf(id)} ${words.join(' ')} -j RETURN`),
		`-A ${chainOf(id)} ${logTarget(id, target.includes('REJECT') ? 'REJECT' : 'DROP')}`,
		`-A ${chainOf(id)} ${target.join(' ')}`,
		...jumps.map(([hook, ...match]) => `-I ${hook} 1 ${match.join(' ')} -j ${chainOf(id)}`),
	];
	return restoreRules(boot.machine, lines, version);
}

/**
 * Removes exactly the rules of a fault. Returns how many packets they matched, and when they ceased to be in force, in
 * seconds since the epoch. If a step fails, the remaining steps are tried all the same.
 */
export async function removeRules(boot: Boot, rules: readonly RuleSet[]): Promise<{ met: number; t: number }> {
	let t = 0;
	let met = 0;
	await runAll(
		...rules.flatMap((set) => [
			// The jumps first, so that no packet matches after the count.
			async () => {
				const jumps = set.jumps.map(([hook, ...match]) => `-D ${hook} ${match.join(' ')} -j ${chainOf(set.id)}`);
				t = await restoreRules(boot.machine, jumps, set.version);
			},
			async () => {
				met += await count(boot, set);
			},
			() => restoreRules(boot.machine, [`-F ${chainOf(set.id)}`, `-X ${chainOf(set.id)}`], set.version),
		]),
	);
	return { met, t };
}

/** Returns how many packets the rules have matched so far. */
export async function countPackets(boot: Boot, rules: readonly RuleSet[]): Promise<number> {
	const counts = await Promise.all(rules.map((set) => count(boot, set)));
	return counts.reduce((sum, one) => sum + one, 0);
}

async function count(boot: Boot, { id, version }: RuleSet): Promise<number> {
	const { status, out, err } = await boot.machine.run([IPTABLES[version], '-w', '-nvxL', chainOf(id)]);
	// Two lines of heading, then the log rule: pkts bytes target …
	const met = /^\s*(\d+)\s+\d+\s+NFLOG/m.exec(out)?.[1];
	if (status === 0 && met !== undefined) return Number(met);
	throw new HalfopenError('ENGINE_REFUSED', {
		problem: `The host’s firewall does not show how many packets the rules of ${id} matched.`,
		seen: `${out}${err}`,
		remedy: 'Find out what else changes the chain HALFOPEN-… of this fault: only the fault itself may change it.',
	});
}
