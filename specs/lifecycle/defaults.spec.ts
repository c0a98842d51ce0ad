/**
 * Which values do TCP's timers have by default? The other specs rely on these numbers: a spec that sets a sysctl to one
 * of them measures the default.
 */
import { expect, scenario } from '../../harness/index.ts';

/** The values of Documentation/networking/ip-sysctl.rst. */
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
 * Sysctls that were added later. A kernel of that version must have them. An older one may have them, because
 * distributions backport changes.
 */
const laterDefaults = [
	{ since: '6.5', name: 'tcp_syn_linear_timeouts', value: 4 },
	{ since: '6.15', name: 'tcp_rto_max_ms', value: 120_000 },
] as const;

scenario(
	'defaults: nobody has set anything',
	{
		question:
			'Two hosts are new, and nothing was set on them. Which values do the sysctls of TCP’s timers ' +
			'and retries have?',
	},
	async ({ client, server }) => {
		const present = laterDefaults.filter(({ since, name }) => client.kernelIsAtLeast(since) || client.hasSysctl(name));
		const expected = [...Object.entries(defaults), ...present.map(({ name, value }) => [name, value] as const)];
		for (const host of [client, server]) {
			const values = expected.map(async ([name]) => [
				name,
				Number(await host.tool('cat', `/proc/sys/net/ipv4/${name}`)),
			]);
			expect(await Promise.all(values)).toEqual(expected);
		}
		return `${expected.map(([name, value]) => `${name} ${value}`).join(', ')}.`;
	},
);
