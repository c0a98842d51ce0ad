/** A sysctl that is changed while the host runs applies to existing connections, and is restored. */
import { expect, type Host, retransmissionTimeout, scenario } from '../index.ts';
import { DEVICE } from '../lab/wire.ts';

async function inForce({ boot }: Host, name: string): Promise<string> {
	return (await boot.machine.run(['cat', `/proc/sys/net/ipv4/${name.replaceAll('.', '/')}`])).out.trim();
}

scenario(
	'sysctl: tcp_retries2 applies to an existing connection',
	{ sysctls: { tcp_retries2: 9 } },
	async ({ client, server, link }) => {
		await server.nc({ listen: 8080 });
		const writer = await client.dnc({ connect: server.port(8080) });
		const fewer = await client.sysctl({ tcp_retries2: 1, tcp_rmem: '4096 65536 262144' });
		expect(await inForce(client, 'tcp_retries2')).toBe('1');
		expect(await inForce(server, 'tcp_retries2')).toBe('9');
		await link.cut();
		await writer.type('hello?\n');
		// The kernel reads it at each timeout (tcp_write_timeout): 0.6 s instead of 204.6 s.
		await expect(writer).toFail('read', 'ETIMEDOUT', { after: retransmissionTimeout({ retries2: 1 }) });
		await fewer.heal();
		expect(await inForce(client, 'tcp_retries2')).toBe('9');
		expect(await inForce(client, 'tcp_rmem')).toBe(await inForce(server, 'tcp_rmem'));

		await expect(client.sysctl({ tcp_retries3: 1 })).rejects.toMatchObject({ code: 'SYSCTL_UNKNOWN' });
		await expect(client.sysctl({ tcp_retries2: 'many' })).rejects.toMatchObject({ code: 'SYSCTL_REFUSED' });
		expect(await inForce(client, 'tcp_retries2')).toBe('9');
	},
);

scenario(
	'sysctl: any name below net.ipv4, from the start, at each boot and while the host runs',
	{ sysctls: { icmp_ratelimit: 250, ping_group_range: '0 7', 'conf.all.rp_filter': 2 } },
	async ({ client, server, timeline }) => {
		// The kernel stores it in jiffies, rounded up to the next 1, 4 or 10 ms (CONFIG_HZ).
		const [rateLimit = 0, all = ''] = [timeline.sysctl('icmp_ratelimit'), await inForce(client, 'icmp_ratelimit')];
		expect([250, 252]).toContain(rateLimit);
		expect(all).toBe(String(rateLimit));
		expect(timeline.sysctl('conf.all.rp_filter')).toBe(2);
		// Its value is not a single number.
		expect(timeline.sysctl('ping_group_range')).toBeUndefined();
		await server.reboot();
		for (const host of [client, server]) {
			expect(await inForce(host, 'icmp_ratelimit')).toBe(all);
			expect(await inForce(host, 'conf.all.rp_filter')).toBe('2');
		}
		const before = await inForce(client, `neigh.${DEVICE}.ucast_solicit`);
		const set = await client.sysctl({
			icmp_ratelimit: 0,
			ping_group_range: '0 100',
			[`neigh.${DEVICE}.ucast_solicit`]: 7,
		});
		expect(await inForce(client, 'icmp_ratelimit')).toBe('0');
		expect(await inForce(client, 'ping_group_range')).toBe('0\t100');
		expect(await inForce(client, `neigh.${DEVICE}.ucast_solicit`)).toBe('7');
		await set.heal();
		expect(await inForce(client, 'icmp_ratelimit')).toBe(all);
		expect(await inForce(client, 'ping_group_range')).toBe(await inForce(server, 'ping_group_range'));
		expect(await inForce(client, `neigh.${DEVICE}.ucast_solicit`)).toBe(before);

		expect(client.hasSysctl(`conf.${DEVICE}.rp_filter`)).toBe(true);
		const refused = (name: string) => client.sysctl({ icmp_ratelimit: 1, [name]: 1 });
		// For a device that does not exist; of the whole machine; that can only be written; that can only be read.
		await expect(refused('conf.eth9.rp_filter')).rejects.toMatchObject({
			code: 'SYSCTL_REFUSED',
			seen: expect.stringContaining('No such file'),
		});
		await expect(refused('tcp_mem')).rejects.toMatchObject({
			code: 'SYSCTL_UNKNOWN',
			problem: expect.stringContaining('whole machine'),
		});
		await expect(refused('route.flush')).rejects.toMatchObject({
			code: 'SYSCTL_REFUSED',
			problem: expect.stringContaining('cannot be read'),
		});
		await expect(refused('tcp_available_congestion_control')).rejects.toMatchObject({ code: 'SYSCTL_REFUSED' });
		expect(await inForce(client, 'icmp_ratelimit')).toBe(all);
	},
);
