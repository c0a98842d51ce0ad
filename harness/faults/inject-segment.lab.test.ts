/** `link.inject`: a third party's segment is told as injected, and the receiver answers by its numbers. */
import { expect, type Host, scenario } from '../index.ts';

async function connected(client: Host, server: Host, port = 8080) {
	const listener = await (await server.socket()).listen(port);
	const near = await client.socket();
	await near.connect(server.port(port));
	return { near, far: await listener.accept() };
}

scenario('link.inject: a RST with the exact number ends the connection', {}, async (lab) => {
	const { client, server, link, timeline } = lab;
	const { near } = await connected(client, server);
	const injected = await link.inject({ to: 'client', flags: 'R', seq: 'exact' });
	// RFC 5961, 3.2: the next expected number.
	await expect(near.recv()).toFailWith('ECONNRESET');
	expect(injected).toMatchObject({ host: 'server', flags: 'R', seq: 1, origin: 'injected', fate: 'delivered' });
	await expect(timeline).toShowSegment('< R injected');
	// The server has sent none, and knows nothing of it.
	await expect(server).toHaveSocket({ state: 'ESTAB' });
	expect(timeline.segments('server').filter(({ flags, origin }) => flags === 'R' && !origin)).toEqual([]);
});

scenario('link.inject: a RST elsewhere in the window is answered by a challenge ACK', {}, async (lab) => {
	const { client, server, link, timeline } = lab;
	await connected(client, server);
	await timeline.context.flush();
	const before = timeline.segments('client').length;
	const { seq } = await link.inject({ to: 'client', flags: 'R', seq: 'in window' });
	expect(seq).toBeGreaterThan(1);
	// RFC 5961, 3.2.
	await expect(timeline).toShowSegment('2x > .');
	await expect(client).toHaveSocket({ state: 'ESTAB' });
	expect(timeline.segments('client').slice(before)).toMatchObject([{ flags: '.', seq: 1, ack: 1 }]);
});

scenario('link.inject: a RST behind the window is discarded', {}, async ({ client, server, link, timeline }) => {
	await connected(client, server);
	await timeline.context.flush();
	const before = timeline.segments('client').length;
	await link.inject({ to: 'client', flags: 'R', seq: 'out of window' });
	// RFC 9293, 3.10.7.4: an unacceptable RST is dropped without an answer.
	await timeline.context.flush();
	await expect(client).toHaveSocket({ state: 'ESTAB' });
	expect(timeline.segments('client')).toHaveLength(before);
});

scenario('link.inject: data gets into the stream', {}, async ({ client, server, link, timeline }) => {
	const { near, far } = await connected(client, server);
	await near.send('one');
	await expect(far.recv()).toReturn(3);
	const injected = await link.inject({ to: 'server', flags: 'P.', seq: 'exact', data: 'evil' });
	await expect(far.recv()).toReturn(4);
	expect(injected).toMatchObject({ host: 'client', seq: 4, ack: 1, length: 4, retransmission: false });
	// The same numbers, by the host itself: it was not sent before by this host.
	await near.send('four');
	await timeline.context.flush();
	const own = timeline.segments('client').filter(({ length, origin }) => length === 4 && !origin);
	expect(own[0]).toMatchObject({ seq: 4, retransmission: false });
});

scenario('link.inject: errors', {}, async ({ client, server, link }) => {
	await expect(link.inject({ to: 'client', flags: 'R', seq: 'exact' })).rejects.toMatchObject({
		code: 'OPTION_MISSING',
	});
	const { near } = await connected(client, server);
	await connected(client, server, 8081);
	await expect(link.inject({ to: 'client', flags: 'R', seq: 'exact' })).rejects.toMatchObject({
		code: 'OPTION_MISSING',
	});
	await link.inject({ to: 'client', flags: 'R', seq: 'exact', serverPort: 8080 });
	await expect(near.recv()).toFailWith('ECONNRESET');
	await expect(link.inject({ to: 'client', flags: 'X' as 'R', seq: 0 })).rejects.toMatchObject({
		code: 'OPTION_INVALID',
	});
	await client.powerOff();
	await expect(link.inject({ to: 'client', flags: 'R', seq: 0 })).rejects.toMatchObject({ code: 'HOST_OFF' });
});
