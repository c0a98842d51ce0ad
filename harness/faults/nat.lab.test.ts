/** A router that translates addresses: both sides' views of a segment are one event. */
import { expect, scenario } from '../index.ts';

scenario('nat: masquerade', { between: 'router' }, async ({ client, server, router, timeline, step }) => {
	await router.masquerade({ name: 'nat' });
	const serverPeer = await server.nc({ listen: 8080 });
	const peer = await client.dnc({ connect: server.port(8080) });
	await peer.type('hello\n');
	await expect(serverPeer).toPrint('hello\n');
	await expect(timeline).toShowSegments('> S', '< S.', '> .', '> P. 6', '< .');
	const [syn, answer] = timeline.segments();
	const { translated } = syn?.router ?? {};
	expect([syn?.from.address, syn?.to]).toEqual([client.address, server.port(8080)]);
	expect([translated?.from.address, translated?.to]).toEqual([router.serverSideAddress, server.port(8080)]);
	// The server answers the router, and the client gets the answer from the server.
	expect([answer?.host, answer?.from, answer?.to]).toEqual(['server', server.port(8080), translated?.from]);
	expect(answer?.router?.translated).toEqual({ from: server.port(8080), to: syn?.from });
	const socket = (await server.sockets()).find(({ state }) => state === 'ESTAB');
	expect(socket?.remote).toEqual(translated?.from);
	const seen = await expect(router).toHaveConnection({ state: 'ESTABLISHED' });
	expect(seen.reply).toEqual({ from: server.port(8080), to: translated?.from });

	step('the router forgets: what the server sends is for the router’s own stack, which resets it');
	await router.forget();
	await serverPeer.type('are you there?\n');
	await expect(timeline).toShowSegment('> R');
	await timeline.upToDate();
	const [reset] = timeline.segments('router');
	expect(reset).toMatchObject({ receiver: 'server', from: translated?.from, to: server.port(8080), flags: 'R' });
	const [stray] = timeline.segments('server').slice(-1);
	expect(stray).toMatchObject({ receiver: 'router', flags: 'P.', fate: 'delivered' });
	await expect(server).toHaveNoSocket({ state: 'ESTAB' });
	// The client was not told.
	await expect(client).toHaveSocket({ state: 'ESTAB' });
});

scenario('nat: a forwarded port', { between: 'router' }, async ({ client, server, router, timeline }) => {
	const forwarded = await router.forwardPort({ port: 80, to: server.port(8080) });
	const serverPeer = await server.nc({ listen: 8080 });
	const peer = await client.dnc({ connect: router.port(80) });
	await peer.type('hello\n');
	await expect(serverPeer).toPrint('hello\n');
	await expect(timeline).toShowSegments('> S', '< S.', '> .', '> P. 6', '< .');
	const [syn, answer] = timeline.segments();
	expect([syn?.to, syn?.router?.translated?.to]).toEqual([router.port(80), server.port(8080)]);
	expect([answer?.from, answer?.router?.translated?.from]).toEqual([server.port(8080), router.port(80)]);
	await forwarded.heal();
	const healed = timeline.context.history.of('fault').find(({ phase }) => phase === 'healed');
	expect(healed?.proof).toBe('connections translated: 1');
	// No socket of the router listens on the port.
	const refused = await client.nc({ connect: router.port(80), until: 'started' });
	await expect(refused).toHaveEnded();
	await expect(timeline).toShowSegment('< R.');
});

scenario('nat: with a firewall that answers', { between: 'router' }, async ({ client, server, router, timeline }) => {
	await router.masquerade();
	await router.firewall({ name: 'wall', answer: 'reset' });
	await server.nc({ listen: 8080 });
	const peer = await client.dnc({ connect: server.port(8080) });
	await expect(router).toHaveConnection({ state: 'ESTABLISHED' });
	await router.forget();
	await peer.type('hello\n');
	await expect(timeline).toShowSegment('> P. 6 dropped by wall');
	await expect(timeline).toShowSegment('< R forged');
	await expect(peer).toFail('read', 'ECONNRESET');
	await expect(server).toHaveSocket({ state: 'ESTAB' });
});
