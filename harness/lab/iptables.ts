import type { Agent } from '../agent/agent.ts';
import { HalfopenError } from '../errors.ts';
import type { IpVersion } from './family.ts';

/** The program that shows and changes the rules for a version of IP. They have the same options, except the answers of REJECT. */
export const IPTABLES: Readonly<Record<IpVersion, string>> = { ipv4: 'iptables', ipv6: 'ip6tables' };

/**
 * Applies lines of iptables-restore to the filter table of a machine, all or none. Returns when they took effect, in
 * seconds since the epoch.
 */
export async function restoreRules(
	machine: Agent,
	lines: readonly string[],
	version: IpVersion = 'ipv4',
): Promise<number> {
	const broken = lines.find((line) => /\p{Cc}/u.test(line));
	if (broken !== undefined) {
		throw new HalfopenError('OPTION_INVALID', {
			problem: 'A firewall rule contains a line end or another control character.',
			seen: JSON.stringify(broken),
			remedy: 'Remove control characters from the options of the fault.',
		});
	}
	const input = ['*filter', ...lines, 'COMMIT', ''].join('\n');
	const { status, err, t } = await machine.run([`${IPTABLES[version]}-restore`, '-w', '--noflush'], { input });
	if (status === 0) return t;
	throw new HalfopenError('ENGINE_REFUSED', {
		problem: 'The host’s firewall refused a rule.',
		seen: `${input}${err}`,
		remedy:
			'Correct the error that iptables reports. If the rule is right, the kernel may lack a netfilter module ' +
			'(nf_tables, xt_NFLOG, xt_bpf, xt_hashlimit, xt_statistic, xt_string): load it on the engine’s machine.',
	});
}
