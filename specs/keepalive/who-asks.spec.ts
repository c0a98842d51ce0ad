/** Who turns keepalive on, and for which connections does it hold? */
import { expect, scenario } from '../../harness/index.ts';

scenario(
	'listening socket: accepted connections inherit keepalive',
	{
		question: 'kodos sets SO_KEEPALIVE on its listening socket only. Is it on for a connection that is accepted?',
		claims: ['QI8'],
	},
	async ({ client, server, step, claim }) => {
		const listener = await server.socket();
		await listener.setOption('SO_KEEPALIVE', 1);
		await listener.setOption('TCP_KEEPIDLE', 20);
		await listener.listen(8080, { backlog: 4 });
		const early = await client.socket();
		await early.connect(server.port(8080));
		// A listener has no timer; the connection has one even before it is accepted.
		await expect(server).toHaveSocket({ state: 'LISTEN', timer: 'none' });
		const row = await expect(server).toHaveSocket({
			state: 'ESTAB',
			localPort: 8080,
			timer: 'keepalive',
			timerLeft: { atMostMs: 20_000 },
		});
		const accepted = await listener.accept();
		const inherited = { keepalive: await accepted.option('SO_KEEPALIVE'), idle: await accepted.option('TCP_KEEPIDLE') };

		step('kodos turns it off again');
		await listener.setOption('SO_KEEPALIVE', 0);
		const late = await client.socket();
		await late.connect(server.port(8080));
		const next = await listener.accept();
		expect(await next.option('SO_KEEPALIVE')).toBe(0);
		expect(await accepted.option('SO_KEEPALIVE')).toBe(1);
		await expect(server).toHaveSocket({ state: 'ESTAB', timer: 'none' });
		await expect(server).toHaveSocket({ state: 'ESTAB', timer: 'keepalive' });

		claim('QI8', inherited.keepalive === 1 && inherited.idle === 20 && row.timer?.name === 'keepalive', {
			holds:
				'The socket of a connection is a clone of its listener (sk_clone_lock), flags and options included, and ' +
				'its timer starts with it (tcp_create_openreq_child).',
			differs: `The accepted socket has SO_KEEPALIVE ${inherited.keepalive} and TCP_KEEPIDLE ${inherited.idle}.`,
		});
		return (
			`Yes, with its times: SO_KEEPALIVE is ${inherited.keepalive}, TCP_KEEPIDLE ${inherited.idle}, and the timer ` +
			'runs before accept. What the listener changes later changes later connections only.'
		);
	},
);

scenario(
	'curl: keepalive unasked',
	{
		question: 'curl waits for a server that never answers. Would it learn that the server is dead?',
		claims: ['QI19'],
	},
	async ({ client, server, claim }) => {
		await server.nc({ listen: 8080 });
		const curl = await client.curl({ connect: server.port(8080) });
		const row = await expect(client).toHaveSocket({
			state: 'ESTAB',
			timer: 'keepalive',
			timerLeft: { atMostMs: 60_000 },
		});
		// The kernel may be ahead of the trace of the calls. What curl asks for it asks before it connects: once that is
		// known, so is the rest.
		await expect(curl).toFail('connect', 'EINPROGRESS');
		const asked = curl.calls().filter(({ name, returned }) => name === 'setsockopt' && returned === 0);
		const asks = (option: string) => asked.some(({ args }) => args.includes(option));
		claim('QI19', asks('SO_KEEPALIVE, [1]') && asks('TCP_KEEPIDLE, [60]') && asks('TCP_KEEPINTVL, [60]'), {
			holds:
				'curl sets SO_KEEPALIVE, TCP_KEEPIDLE 60 and TCP_KEEPINTVL 60 before it connects (its option ' +
				'--keepalive-time, which is 60 s where it is not given).',
			differs: `curl set: ${asked.map(({ args }) => args).join('; ')}.`,
		});
		return (
			'In the end: it has set ' +
			`${asked.flatMap(({ args }) => args.match(/(SO|TCP)_KEEP\w+, \[\d+\]/)?.[0] ?? []).join(', ')}, and ss shows ` +
			`${Math.round((row.timer?.leftMs ?? 0) / 1_000)} s to the first probe.`
		);
	},
);
