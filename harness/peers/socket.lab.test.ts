import { expect, scenario } from '../index.ts';

scenario('controlled sockets make exactly the calls of the spec', {}, async ({ client, server, timeline }) => {
	const listener = await (await server.socket()).listen(8080, { backlog: 1 });
	const a = await client.socket();
	await a.connect(server.port(8080));
	const b = await listener.accept();

	const blocked = b.recv();
	await expect(blocked).toBlock();
	await a.send('hello');
	await expect(blocked).toReturn(5);
	await b.shutdown('WR');
	await expect(a.recv()).toReturn(0);
	await b.close();
	await a.send('one', 'MSG_NOSIGNAL');
	await expect(timeline).toShowSegment('< R');
	await expect(a.send('two', 'MSG_NOSIGNAL')).toFailWith('EPIPE');
	await expect(a.close()).toReturn(0);
	await expect(a.close()).toFailWith('EBADF');
});

scenario('SIGPIPE kills a process without MSG_NOSIGNAL', {}, async ({ client, server, timeline }) => {
	const listener = await (await server.socket()).listen(8080);
	const a = await client.socket();
	await a.connect(server.port(8080));
	const b = await listener.accept();
	await b.close();
	await a.send('one');
	await expect(timeline).toShowSegment('< R');
	a.send('two');
	await expect(a.process).toHaveEnded({ signal: 'SIGPIPE' });
});

scenario(
	'calls have the ends of their socket, and a call whose process ends never returns',
	{},
	async ({ client, server, timeline }) => {
		const listener = await (await server.socket()).listen(8080);
		const a = await client.socket();
		await a.connect(server.port(8080));
		const { port } = await a.address();
		const b = await listener.accept();
		const blocked = b.recv();
		await expect(blocked).toBlock();
		await b.process.signal('SIGKILL');
		await expect(b.process).toHaveEnded({ signal: 'SIGKILL' });
		await expect(timeline).toShowSegment('< F.');

		const family = server.ipVersion === 'ipv6' ? 'IPv6' : 'IPv4';
		const ends = { family, local: server.port(8080), remote: { address: client.address, port } };
		expect(blocked.event).toMatchObject({
			name: 'recv',
			socket: ends,
			took: expect.any(Number),
			result: expect.stringContaining('never returned'),
		});
		expect(blocked.event.returned).toBeUndefined();
		expect(b.process.blocksIn('read')).toBe(false);
		expect(timeline.calls('accept', 'server')).toMatchObject([{ socket: { family, local: { port: 8080 } } }]);

		// SO_ERROR is recorded with the ends of its socket, although the kernel no longer returns them at that time.
		const c = await client.socket();
		await c.setNonBlocking();
		await expect(c.connect(server.port(9))).toFailWith('EINPROGRESS');
		await c.poll(['POLLOUT']);
		expect(await c.option('SO_ERROR')).toBe(111);
		expect(timeline.errors('client')).toContainEqual(
			expect.objectContaining({ errno: 'ECONNREFUSED', source: 'so_error', remote: server.port(9) }),
		);
	},
);

scenario('invalid arguments are refused before a call is made', {}, async ({ client, server, timeline }) => {
	const listener = await (await server.socket()).listen(8080);
	const a = await client.socket();
	const before = timeline.calls().length;
	for (const address of ['server', '::g', '1.2.3'])
		expect(() => a.connect({ address, port: 8080 })).toThrow(/socket.connect: address cannot be/);
	await a.connect(server.port(8080));
	const b = await listener.accept();
	expect(() => b.recv(2_000_000)).toThrow(/socket.recv: its size/);
	expect(() => a.send('x'.repeat(1 << 20))).toThrow(/Send the data in several calls/);
	expect(() => a.send(Buffer.alloc(400_000))).toThrow(/Send the data in several calls/);
	expect(timeline.calls().length).toBe(before + 2);
	// The largest size that fits into one request to the agent can be sent.
	const most = (1 << 20) - 256;
	const sent = a.send('x'.repeat(most));
	for (let got = 0; got < most; ) got += (await b.recv(1 << 20)).returned;
	await expect(sent).toReturn(most);
});
