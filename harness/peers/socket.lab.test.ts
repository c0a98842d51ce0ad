import { expect, scenario } from '../index.ts';

scenario('controlled sockets make exactly the calls that are asked for', {}, async ({ client, server, timeline }) => {
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

scenario('SIGPIPE kills a process that does not ask for an errno', {}, async ({ client, server, timeline }) => {
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
