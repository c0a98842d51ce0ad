import type { Agent } from '../agent/agent.ts';
import { HalfopenError } from '../errors.ts';
import type { LabContext } from '../lab/context.ts';
import type { ConntrackProbe } from '../probes/conntrack.ts';
import { type Fault, inject, withoutEffect } from './fault.ts';

/**
 * Makes a router forget all connections, as when it reboots, or when a standby without their state takes over. Healing
 * does not bring them back: only their own packets do, if the router takes them up.
 *
 * Throws FAULT_WITHOUT_EFFECT if it knows none.
 */
export async function forgetConnections(
	agent: Agent,
	conntrack: ConntrackProbe,
	context: LabContext,
	name?: string,
): Promise<Fault> {
	const id = context.names.take('forget', name);
	const text = 'the router forgets all connections';
	let forgotten = 0;
	return inject(
		context,
		{ id, what: 'conntrack', host: 'router', text },
		{
			inject: async () => {
				forgotten = (await conntrack.sample()).entries.length;
				if (forgotten === 0) throw withoutEffect(text, 'it knew none');
				const { status, err, t } = await agent.run(['conntrack', '-F']);
				if (status === 0) return { t: context.history.at(t) };
				throw new HalfopenError('ENGINE_REFUSED', {
					problem: 'The connection tracking table of the router could not be flushed.',
					seen: err,
					remedy: 'Find out what conntrack(8) reports. The router needs CAP_NET_ADMIN in its network namespace.',
				});
			},
			prove: async () => {
				const { entries } = await conntrack.sample();
				return `it knew ${forgotten} before, and knows ${entries.length} now`;
			},
			heal: async () =>
				forgotten === 0 ? {} : { proof: `it knows ${(await conntrack.sample()).entries.length} again` },
		},
	);
}
