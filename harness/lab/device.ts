import type { Agent } from '../agent/agent.ts';
import { HalfopenError } from '../errors.ts';
import type { HostIdentity } from './boot.ts';

/** The interface that has this MAC and address, by name: engines name it as they please. */
export async function deviceOf(machine: Agent, { mac, address }: HostIdentity): Promise<string> {
	const { out } = await machine.run(['ip', '-j', 'address']);
	const links = JSON.parse(out) as { ifname: string; address?: string; addr_info: { local: string }[] }[];
	const link = links.find(
		(candidate) => candidate.address === mac && candidate.addr_info.some(({ local }) => local === address),
	);
	if (!link) {
		throw new HalfopenError('ENGINE_REFUSED', {
			problem: `The host has no interface with the MAC ${mac} and the address ${address} that the lab gave it.`,
			seen: links
				.map(({ ifname, address: has, addr_info }) => [ifname, has, ...addr_info.map(({ local }) => local)].join(' '))
				.join('\n'),
			remedy: 'The engine gave it others: this engine cannot be used until it honours a given MAC and address.',
		});
	}
	return link.ifname;
}
