/** A router with a stateful firewall: what it knows of connections, when it forgets them, and what it does then. */
import { expect, scenario } from '../index.ts';

scenario('firewall: knows a connection, and what becomes of it', { between: 'router' }, async (lab) => {
	const { client, server, router, timeline } = lab;
	await router.firewall({ timeoutSeconds: { established: 300 } });
	await server.nc({ listen: 8080 });
	const peer = await client.dnc({ connect: server.port(8080) });
	const seen = await expect(router).toHaveConnection({ state: 'ESTABLISHED', destinationPort: 8080, replied: true });
	// nf_conntrack_tcp_timeout_established, from the last packet on.
	expect(seen.secondsLeft).toBeGreaterThan(280);
	expect(seen.secondsLeft).toBeLessThanOrEqual(300);
	expect(seen.original.from.address).toBe(client.address);
	await peer.signal('SIGKILL');
	// The FIN of the client, and its acknowledgement.
	await expect(timeline).toShowSegment('> F.');
	await timeline.upToDate();
	const states = timeline.context.history.of('conntrack').map(({ what, state }) => `${what} ${state}`);
	// tcp_conntracks in net/netfilter/nf_conntrack_proto_tcp.c.
	expect(states.slice(0, 3)).toEqual(['new SYN_SENT', 'update SYN_RECV', 'update ESTABLISHED']);
	expect(states).toContain('update FIN_WAIT');
});

scenario('firewall: forgets an idle connection, and drops its segments', { between: 'router' }, async (lab) => {
	const { client, server, router, timeline, step } = lab;
	const wall = await router.firewall({ name: 'wall', timeoutSeconds: { established: 1 } });
	await server.nc({ listen: 8080 });
	const peer = await client.dnc({ connect: server.port(8080) });
	await expect(router).toHaveNoConnection({ state: 'ESTABLISHED' });
	step('neither host was told');
	await expect(client).toHaveSocket({ state: 'ESTAB' });
	await peer.type('hello\n');
	await expect(timeline).toShowSegment('> P. 6 dropped by wall');
	await timeline.upToDate();
	const [lost] = timeline.segments().filter(({ by }) => by === 'wall');
	expect(lost?.router).toEqual({ entered: expect.any(Number) });
	await wall.heal();
	await expect(client).toHaveSocket({ state: 'ESTAB', sendQueue: 0 });
});

scenario(
	'firewall: a box that answers resets the sender of what it does not know',
	{ between: 'router' },
	async (lab) => {
		const { client, server, router, timeline } = lab;
		await router.firewall({ name: 'wall', answer: 'reset' });
		const serverPeer = await server.nc({ listen: 8080 });
		const peer = await client.dnc({ connect: server.port(8080) });
		await expect(router).toHaveConnection({ state: 'ESTABLISHED' });
		const forgotten = await router.forget({ name: 'failover' });
		await expect(router).toHaveNoConnection();
		await peer.type('hello\n');
		await expect(timeline).toShowSegment('> P. 6 dropped by wall');
		await expect(timeline).toShowSegment('< R forged');
		const [reset] = timeline.segments('router');
		expect(reset).toMatchObject({
			host: 'router',
			receiver: 'client',
			origin: 'firewall',
			from: { address: server.address },
		});
		await expect(peer).toFail('read', 'ECONNRESET');
		// The server was not told.
		await expect(server).toHaveSocket({ state: 'ESTAB' });
		await expect(serverPeer).toStaySilent({ forMs: 200 });
		await forgotten.heal();
		const proofs = timeline.context.history.of('fault').filter(({ id }) => id === 'failover');
		expect(proofs.map(({ phase, proof }) => [phase, proof])).toEqual([
			['injected', undefined],
			['proven', 'it knew 1 before, and knows 0 now'],
			['healed', 'it knows 0 again'],
		]);
	},
);

scenario(
	'firewall: a loose one takes a connection up again after it has forgotten',
	{ between: 'router' },
	async (lab) => {
		const { client, server, router } = lab;
		await router.firewall({ loose: true });
		const serverPeer = await server.nc({ listen: 8080 });
		const peer = await client.dnc({ connect: server.port(8080) });
		await expect(router).toHaveConnection({ state: 'ESTABLISHED' });
		await router.forget();
		await peer.type('hello\n');
		await expect(serverPeer).toPrint('hello\n');
		await expect(router).toHaveConnection({
			state: 'ESTABLISHED',
			sourcePort: (await client.sockets())[0]?.local.port ?? 0,
		});
	},
);

scenario(
	'firewall: to forget nothing is no fault, and misspelt options are refused',
	{ between: 'router' },
	async (lab) => {
		const { router } = lab;
		await expect(router.forget()).rejects.toMatchObject({ code: 'FAULT_WITHOUT_EFFECT' });
		await expect(router.firewall({ idle: 'aws' } as never)).rejects.toMatchObject({ code: 'OPTION_INVALID' });
		await expect(router.firewall({ timeoutSeconds: { open: 3 } } as never)).rejects.toMatchObject({
			code: 'OPTION_UNKNOWN',
		});
	},
);
