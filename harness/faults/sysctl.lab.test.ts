/** A sysctl that is changed while the host runs acts on connections that are there already, and is put back. */
import { expect, type Host, retransmissionTimeout, scenario } from '../index.ts';

async function inForce({ boot }: Host, name: string): Promise<string> {
	return (await boot.machine.run(['cat', `/proc/sys/net/ipv4/${name}`])).out.trim();
}

scenario('sysctl: tcp_retries2 acts on a living connection', { sysctls: { tcp_retries2: 9 } }, async ({ client, server, link }) => {
	await server.nc({ listen: 8080 });
	const kang = await client.dnc({ connect: server.port(8080) });
	const fewer = await client.sysctl({ tcp_retries2: 1, tcp_rmem: '4096 65536 262144' });
	expect(await inForce(client, 'tcp_retries2')).toBe('1');
	expect(await inForce(server, 'tcp_retries2')).toBe('9');
	await link.cut();
	await kang.type('kodos?\n');
	// Read at each timeout (tcp_write_timeout): 0.6 s instead of 204.6 s.
	await expect(kang).toFail('read', 'ETIMEDOUT', { after: retransmissionTimeout({ retries2: 1 }) });
	await fewer.heal();
	expect(await inForce(client, 'tcp_retries2')).toBe('9');
	expect(await inForce(client, 'tcp_rmem')).toBe(await inForce(server, 'tcp_rmem'));

	await expect(client.sysctl({ tcp_retries3: 1 })).rejects.toMatchObject({ code: 'SYSCTL_UNKNOWN' });
	await expect(client.sysctl({ tcp_retries2: 'many' })).rejects.toMatchObject({ code: 'SYSCTL_REFUSED' });
	expect(await inForce(client, 'tcp_retries2')).toBe('9');
});
