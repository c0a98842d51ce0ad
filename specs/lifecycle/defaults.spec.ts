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

/** Since Linux 6.5, and since 6.15. */
const younger = { tcp_syn_linear_timeouts: 4, tcp_rto_max_ms: 120_000 } as const;

scenario(
	'defaults: nobody has set anything',
	{ question: 'Two hosts are new, and nothing was set on them. How often will they repeat themselves, and how long will they wait?' },
	async ({ client, server }) => {
		const found = Object.entries(younger).filter(([name]) => client.hasSysctl(name as keyof typeof younger));
		const expected = [...Object.entries(defaults), ...found];
		for (const host of [client, server]) {
			const told = expected.map(async ([name]) => [name, Number(await host.tool('cat', `/proc/sys/net/ipv4/${name}`))]);
			expect(await Promise.all(told)).toEqual(expected);
		}
		return `${expected.map(([name, value]) => `${name} ${value}`).join(', ')}.`;
	},
);
