/** What the kernel's tracepoints tell, of which host and of which of its boots. */
import { expect, scenario } from '../index.ts';

scenario(
	'kernel: states, errors, resets and retransmissions, each of its host and boot',
	{},
	async ({ client, server, link, timeline, step }) => {
		const { history } = timeline.context;

		step('two connections to one place at once');
		const echo = await server.echoServer({ listen: 8080 });
		await Promise.all([1, 2].map(() => client.nc({ connect: server.port(8080) })));
		await expect(echo).toPrint(/(connection.*\s+){2}/);
		await timeline.context.flush();
		const states = (host: 'client' | 'server') =>
			history.of('state', host).filter(({ how, remote }) => how === 'traced' && remote.port !== 0);
		const paths = (host: 'client' | 'server') => {
			const ports = new Set(states(host).map(({ local, remote }) => (host === 'client' ? local.port : remote.port)));
			return [...ports].map((port) =>
				states(host).flatMap(({ local, remote, from, to }) =>
					[local.port, remote.port].includes(port) ? [from, to] : [],
				),
			);
		};
		// A connecting socket has no port in the trace of SYN-SENT (inet_sock_set_state precedes inet_hash_connect): it is
		// filled in.
		expect(paths('client')).toEqual(Array(2).fill(['CLOSED', 'SYN-SENT', 'SYN-SENT', 'ESTAB']));
		// The child of a listener begins where its listener is (inet_csk_clone_lock copies the state). Older kernels tell
		// of that before the child has its peer's port, so it is nobody's (seen so up to 6.12, and otherwise from 6.16 on).
		const birth = server.kernelIsAtLeast('6.16') ? ['LISTEN', 'SYN-RECV'] : [];
		expect(paths('server')).toEqual(Array(2).fill([...birth, 'SYN-RECV', 'ESTAB']));

		step('a port where nobody listens');
		const refused = await client.dnc({ connect: server.port(9), until: 'started' });
		await expect(refused).toFail('connect', 'ECONNREFUSED');
		await expect(client).toReport('ECONNREFUSED');
		const resets = history.of('reset').map(({ host, boot, direction }) => ({ host, boot, direction }));
		// RFC 9293, 3.10.7.1: a segment for a connection that does not exist is answered by a RST. Of one for which there
		// is no socket the kernel tells since 6.10 (tcp_v4_send_reset).
		const isTold = server.kernelIsAtLeast('6.10');
		expect(resets.filter(({ direction }) => direction === 'sent')).toEqual(
			isTold ? [{ host: 'server', boot: 1, direction: 'sent' }] : [],
		);
		expect(resets).toContainEqual({ host: 'client', boot: 1, direction: 'received' });
		// The kernel's reason for it (include/net/rstreason.h) is in the trace since 6.10, too.
		const sent = history.of('reset', 'server').find(({ direction }) => direction === 'sent');
		expect(sent?.reason).toBe(isTold ? 'NO_SOCKET' : undefined);

		step('a retransmission, before a reboot and after it');
		const kang = await client.nc({ connect: server.port(8080) });
		const cut = await link.cut();
		await kang.type('kodos?\n');
		await expect(timeline).toShowSegments('...', '> P. 7 dropped', '...', '> P. 7 dropped');
		await client.reboot();
		await client.nc({ connect: server.port(8081), until: 'started' });
		await expect(timeline).toShowSegments('...', '1x > S dropped', '...', '1x > S dropped');
		await timeline.context.flush();
		const retransmits = history.of('retransmit').filter(({ ghost }) => !ghost);
		const told = new Set(retransmits.map(({ host, boot, state, remote }) => `${host} ${boot} ${state} ${remote.port}`));
		// Only the client has anything to send: before the reboot its data, after it its SYN, and no more of the data.
		expect([...told]).toEqual(['client 1 ESTAB 8080', 'client 2 SYN-SENT 8081']);
		// What the dead stack did (closing its sockets, at least) bears the mark, and nobody counts it.
		const ghosts = history.of('state', 'client').filter(({ ghost }) => ghost);
		expect(ghosts.length).toBeGreaterThan(0);
		expect(new Set(ghosts.map(({ boot }) => boot))).toEqual(new Set([1]));
		expect(timeline.states('client').slice(-2)).toEqual(['ESTAB', 'SYN-SENT']);
		await cut.heal();
	},
);
