import type { Boot } from '../boot.ts';
import type { LabContext } from '../context.ts';
import { HalfopenError } from '../errors.ts';
import type { HostName } from '../timeline/events.ts';
import { type Fault, inject } from './fault.ts';
import { insertRules, type RuleSet, removeRules } from './firewall.ts';

/**
 * Cuts the wire between the hosts, somewhere in the middle: neither notices by itself, both interfaces stay up, nothing arrives any more,
 * ARP included. Segments that are lost so are seen to leave, and in the firewall's log.
 */
export async function cutLink(boots: Readonly<Record<HostName, Boot>>, context: LabContext, name?: string): Promise<Fault> {
	const id = context.names.take('cut', name);
	const ends = Object.entries(boots).map(([host, boot]): [HostName, Boot, RuleSet] => [
		host as HostName,
		boot,
		{ id, jumps: [['INPUT', '-i', boot.device]], verdict: ['-j', 'DROP'] },
	]);
	return inject(
		context,
		{ id, host: 'client', text: 'the link is cut' },
		{
			inject: async () => {
				const cut = await Promise.all(ends.map(([, boot, rules]) => Promise.all([insertRules(boot, rules), arp(boot, '-A')])));
				return { t: context.history.at(Math.max(...cut.map(([t]) => t))) };
			},
			heal: async () => {
				const counts = await Promise.all(
					ends
						.filter(([, boot]) => boot.running)
						.map(async ([host, boot, rules]) => {
							await arp(boot, '-D');
							return `${(await removeRules(boot, rules)).met} to the ${host}`;
						}),
				);
				return { proof: `packets lost: ${counts.join(', ')}` };
			},
		},
	);
}

async function arp(boot: Boot, action: '-A' | '-D'): Promise<void> {
	const { status, err } = await boot.machine.run(['arptables', action, 'INPUT', '-i', boot.device, '-j', 'DROP']);
	if (status === 0) return;
	throw new HalfopenError('ENGINE_REFUSED', {
		problem: 'The host’s firewall refused a rule for ARP.',
		seen: err,
		remedy: 'The kernel must have nf_tables with the arp family (CONFIG_NF_TABLES_ARP).',
	});
}
