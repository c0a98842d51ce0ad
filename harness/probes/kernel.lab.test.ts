/** The kernel's trace events, with their host and boot. */
import { expect, scenario } from '../index.ts';

scenario(
	'kernel: states, errors, resets and retransmissions, each of its host and boot',
	{},
	async ({ client, server, link, timeline, step }) => {
		const { history } = timeline.context;

		step('two connections to one port at once');
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
		// A connecting socket has no port in the trace of SYN-SENT (inet_sock_set_state precedes inet_hash_connect). It is
		// added later.
		expect(paths('client')).toEqual(Array(2).fill(['CLOSED', 'SYN-SENT', 'SYN-SENT', 'ESTAB']));
		// The child of a listener begins in the listener's state, which inet_csk_clone_lock copies. Older kernels trace
		// that change before the child has the port of its peer, so it cannot be attributed (observed up to 6.12; since
		// 6.16 it can).
		const birth = server.kernelIsAtLeast('6.16') ? ['LISTEN', 'SYN-RECV'] : [];
		expect(paths('server')).toEqual(Array(2).fill([...birth, 'SYN-RECV', 'ESTAB']));

		step('a port without a listener');
		const refused = await client.dnc({ connect: server.port(9), until: 'started' });
		await expect(refused).toFail('connect', 'ECONNREFUSED');
		await expect(client).toReport('ECONNREFUSED');
		const resets = history.of('reset').map(({ host, boot, direction }) => ({ host, boot, direction }));
		// RFC 9293, 3.10.7.1: a RST answers a segment for a connection that does not exist. Since Linux 6.10 such a RST is
		// traced although there is no socket (tcp_v4_send_reset).
		const isTraced = server.kernelIsAtLeast('6.10');
		expect(resets.filter(({ direction }) => direction === 'sent')).toEqual(
			isTraced ? [{ host: 'server', boot: 1, direction: 'sent' }] : [],
		);
		expect(resets).toContainEqual({ host: 'client', boot: 1, direction: 'received' });
		// Since Linux 6.10 the trace also has the kernel's reason (include/net/rstreason.h).
		const sent = history.of('reset', 'server').find(({ direction }) => direction === 'sent');
		expect(sent?.reason).toBe(isTraced ? 'NO_SOCKET' : undefined);

		step('a retransmission, before a reboot and after it');
		const writer = await client.nc({ connect: server.port(8080) });
		const cut = await link.cut();
		await writer.type('hello?\n');
		await expect(timeline).toShowSegments('...', '> P. 7 dropped', '...', '> P. 7 dropped');
		await client.reboot();
		await client.nc({ connect: server.port(8081), until: 'started' });
		await expect(timeline).toShowSegments('...', '1x > S dropped', '...', '1x > S dropped');
		await timeline.context.flush();
		const retransmits = history.of('retransmit').filter(({ ghost }) => !ghost);
		const seen = new Set(retransmits.map(({ host, boot, state, remote }) => `${host} ${boot} ${state} ${remote.port}`));
		// Only the client has something to send: its data before the reboot, only its SYN afterwards.
		expect([...seen]).toEqual(['client 1 ESTAB 8080', 'client 2 SYN-SENT 8081']);
		// What the stack of the earlier boot does (at least closing its sockets) is marked as a ghost, and not counted.
		const ghosts = history.of('state', 'client').filter(({ ghost }) => ghost);
		expect(ghosts.length).toBeGreaterThan(0);
		expect(new Set(ghosts.map(({ boot }) => boot))).toEqual(new Set([1]));
		expect(timeline.states('client').slice(-2)).toEqual(['ESTAB', 'SYN-SENT']);
		await cut.heal();
	},
);
