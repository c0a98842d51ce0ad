import { HalfopenError } from '../errors.ts';
import type { Boot } from '../lab/boot.ts';
import type { LabContext } from '../lab/context.ts';
import type { HostName } from '../timeline/events.ts';
import { type Fault, inject } from './fault.ts';
import { insertRules, type RuleSet, removeRules } from './firewall.ts';

/** A host that is on, at one end of the wire. */
export type LinkEnd = readonly [HostName, Boot];

/**
 * Cuts the wire between the hosts, somewhere in the middle: neither notices by itself, both interfaces stay up, nothing
 * arrives any more, ARP included. Segments that are lost so are seen to leave, and in the firewall's log. It stays cut
 * when a host reboots.
 */
export async function cutLink(on: readonly LinkEnd[], context: LabContext, name?: string): Promise<Fault> {
	const id = context.names.take('cut', name);
	const ends = new Map(on);
	const rulesOf = ({ device }: Boot): RuleSet => ({ id, jumps: [['INPUT', '-i', device]], verdict: ['-j', 'DROP'] });
	const cutAt = async (...[host, boot]: LinkEnd) => {
		ends.set(host, boot);
		const [t] = await Promise.all([insertRules(boot, rulesOf(boot)), arp(boot, '-A')]);
		return t;
	};
	return inject(
		context,
		{ id, what: 'link', host: 'client', text: 'the link is cut' },
		{
			inject: async () => {
				context.bootHooks.add(cutAt);
				const cut = await Promise.all(on.map((end) => cutAt(...end)));
				return cut.length === 0 ? {} : { t: context.history.at(Math.max(...cut)) };
			},
			heal: async () => {
				context.bootHooks.delete(cutAt);
				const healed = await Promise.all(
					[...ends]
						.filter(([, boot]) => boot.running)
						.map(async ([host, boot]) => {
							await arp(boot, '-D');
							return { host, ...(await removeRules(boot, rulesOf(boot))) };
						}),
				);
				const proof = `packets lost: ${healed.map(({ host, met }) => `${met} to the ${host}`).join(', ')}`;
				// Until the last rule is gone, packets are lost: on a busy machine that is well after it was asked for.
				return healed.length === 0
					? { proof }
					: { t: context.history.at(Math.max(...healed.map(({ t }) => t))), proof };
			},
		},
	);
}

async function arp(boot: Boot, action: '-A' | '-D'): Promise<void> {
	const { status, err } = await boot.machine.run(['arptables', action, 'INPUT', '-i', boot.device, '-j', 'DROP']);
	if (status === 0) return;
	throw new HalfopenError('ENGINE_REFUSED', {
		problem: 'The host’s firewall refused an ARP rule.',
		seen: err,
		remedy: 'Use a kernel that has nf_tables with the arp family (CONFIG_NF_TABLES_ARP).',
	});
}
