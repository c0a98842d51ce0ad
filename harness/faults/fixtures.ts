/** For tests: a machine whose tools can fail, and a boot on it. */
import type { RunResult } from '../agent/agent.ts';
import type { Boot } from '../lab/boot.ts';
import { HISTORY_START } from '../timeline/fixtures.ts';

const SYSCTLS = '/proc/sys/net/ipv4/';

/**
 * A machine with the parts of a network namespace that faults change: firewall rules and sysctls. Its tools
 * do what the real ones do, and fail if the test says so.
 */
export class FakeMachine {
	/** The rules in force, as iptables-save would show them. */
	readonly rules = new Set<string>();
	/** The rules in force for IPv6. */
	readonly rulesOfIpv6 = new Set<string>();
	readonly sysctls = new Map<string, string>();
	/** The commands that were run, with the input of iptables-restore. */
	readonly commands: string[] = [];
	/** Returns the error message of a command that must fail. */
	failure: (command: string) => string | undefined = () => undefined;
	/** How many packets the rule of each fault has matched. */
	matched = 1;
	#t = HISTORY_START;

	/** The names of the chains that exist. */
	get chains(): string[] {
		return [...this.rules].flatMap((rule) => (rule.startsWith(':') ? [rule.split(' ')[0]?.slice(1) ?? ''] : []));
	}

	async now(): Promise<number> {
		return this.#t;
	}

	async run(argv: readonly string[], { input = '' }: { input?: string } = {}): Promise<RunResult> {
		this.#t++;
		const command = [...argv.filter((arg) => !arg.includes('\n')), input].join(' ').trim();
		this.commands.push(command);
		const err = this.failure(command) ?? this.#apply(argv, input);
		return typeof err === 'string'
			? { status: 1, out: this.#readBack(argv), err, t: this.#t }
			: { status: 0, out: err.out, err: '', t: this.#t };
	}

	#apply([tool = '', ...args]: readonly string[], input: string): { out: string } | string {
		switch (tool) {
			case 'iptables-restore':
				return this.#restore(this.rules, rulesIn(input));
			case 'ip6tables-restore':
				return this.#restore(this.rulesOfIpv6, rulesIn(input));
			case 'iptables':
			case 'ip6tables':
				return { out: `Chain ${args.at(-1)}\n pkts bytes target\n ${this.matched} 60 NFLOG all\n` };
			case 'nft':
				return { out: args[0] === 'list' ? `packets ${this.matched} bytes 60` : '' };
			case 'grep':
				return { out: this.#shown(args.filter((arg) => arg.startsWith(SYSCTLS))) };
			case 'bash':
				return this.#writeSysctls(args.slice(3));
			default:
				return { out: '' };
		}
	}

	/** Applies all lines or none. */
	#restore(rules: Set<string>, lines: readonly string[]): { out: string } | string {
		const before = [...rules];
		const failed = lines.findIndex((line) => !applyRule(rules, line));
		if (failed < 0) return { out: '' };
		rules.clear();
		for (const rule of before) rules.add(rule);
		return `iptables-restore: line ${failed + 2} failed`;
	}

	/** Writes each value, and stops at the first that fails, like the script. */
	#writeSysctls(pairs: readonly string[]): { out: string } | string {
		const written: string[] = [];
		for (let index = 0; index < pairs.length; index += 2) {
			const [path = '', value = ''] = pairs.slice(index);
			const err = this.failure(`write ${path.slice(SYSCTLS.length)} ${value}`);
			if (err === undefined) this.sysctls.set(path, value);
			written.push(path);
			if (err !== undefined) {
				this.#lastWritten = written;
				return err;
			}
		}
		return { out: this.#shown(written) };
	}

	#lastWritten: readonly string[] = [];

	/** Returns what the script has printed before it stops: a refused value is read back, too. */
	#readBack([tool]: readonly string[]): string {
		if (tool !== 'bash') return '';
		return this.#lastWritten.map((path) => `${path}:${this.sysctls.get(path) ?? ''}\n`).join('');
	}

	#shown(paths: readonly string[]): string {
		return paths.flatMap((path) => (this.sysctls.has(path) ? [`${path}:${this.sysctls.get(path)}\n`] : [])).join('');
	}

	/** Sets the values with which the test begins. */
	setSysctls(values: Readonly<Record<string, string>>): this {
		for (const [name, value] of Object.entries(values)) this.sysctls.set(SYSCTLS + name, value);
		return this;
	}

	sysctl(name: string): string | undefined {
		return this.sysctls.get(SYSCTLS + name);
	}
}

/** Returns a boot of a fake machine, with the parts that faults use. */
export function fakeBoot(machine: FakeMachine): Boot {
	const boot = {
		machine,
		running: true,
		programs: 'run',
		startFirewallLog: async () => {},
		flush: async () => {},
	};
	return boot as unknown as Boot;
}

const rulesIn = (input: string) => input.split('\n').filter((line) => !/^(\*filter|COMMIT|)$/.test(line));

function applyRule(rules: Set<string>, line: string): boolean {
	const [action, chain = '', ...rest] = line.split(' ');
	if (action?.startsWith(':')) return Boolean(rules.add(line));
	if (action === '-A') return Boolean(rules.add(line));
	if (action === '-I') return Boolean(rules.add(`-A ${chain} ${rest.slice(1).join(' ')}`));
	if (action === '-D') return rules.delete(`-A ${chain} ${rest.join(' ')}`);
	if (action === '-F') {
		for (const rule of rules) if (rule.startsWith(`-A ${chain} `)) rules.delete(rule);
		return true;
	}
	// -X: the kernel refuses to delete a chain that a rule jumps to.
	if ([...rules].some((rule) => rule.endsWith(`-j ${chain}`))) return false;
	return rules.delete(`:${chain} - [0:0]`);
}
