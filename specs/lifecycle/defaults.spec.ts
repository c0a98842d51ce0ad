/** What does TCP use for its timers if nobody has told it anything? */
import { expect, scenario } from '../../harness/index.ts';

/** As Documentation/networking/ip-sysctl.rst has them. A spec that sets one of these numbers measures the default. */
const defaults = {
	tcp_retries1: 3,
	tcp_retries2: 15,
	tcp_orphan_retries: 0,
	tcp_early_retrans: 3,
	tcp_syn_retries: 6,
	tcp_synack_retries: 5,
	tcp_fin_timeout: 60,
	tcp_keepalive_time: 7_200,
	tcp_keepalive_intvl: 75,
	tcp_keepalive_probes: 9,
} as const;

/**
 * Those that came later: a kernel of that version must have them, and an older one may, for distributions carry changes
 * back.
 */
const younger = [
	{ since: '6.5', name: 'tcp_syn_linear_timeouts', value: 4 },
	{ since: '6.15', name: 'tcp_rto_max_ms', value: 120_000 },
] as const;

scenario(
	'defaults: nobody has set anything',
	{
		question:
			'Two hosts are new, and nothing was set on them. How often will they repeat themselves, and how long will they ' +
			'wait?',
	},
	async ({ client, server }) => {
		const present = younger.filter(({ since, name }) => client.kernelIsAtLeast(since) || client.hasSysctl(name));
		const expected = [...Object.entries(defaults), ...present.map(({ name, value }) => [name, value] as const)];
		for (const host of [client, server]) {
			const told = expected.map(async ([name]) => [name, Number(await host.tool('cat', `/proc/sys/net/ipv4/${name}`))]);
			expect(await Promise.all(told)).toEqual(expected);
		}
		return `${expected.map(([name, value]) => `${name} ${value}`).join(', ')}.`;
	},
);
