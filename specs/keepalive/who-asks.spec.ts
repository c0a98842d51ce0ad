/**
 * Who turns keepalive on, and for which connections? A program sets SO_KEEPALIVE on a socket (socket(7)); an accepted
 * socket inherits it from its listener. curl does so without being asked. Nothing is broken.
 */
import { expect, scenario } from '../../harness/index.ts';

scenario(
	'listening socket: accepted connections inherit keepalive',
	{
		question: 'The server sets SO_KEEPALIVE only on its listening socket. Is it on for an accepted connection, too?',
		claims: ['QI8'],
	},
	async ({ client, server, step, claim }) => {
		const listener = await server.socket();
		await listener.setOption('SO_KEEPALIVE', 1);
		await listener.setOption('TCP_KEEPIDLE', 20);
		await listener.listen(8080, { backlog: 4 });
		const first = await client.socket();
		await first.connect(server.port(8080));
		// A listener has no timer. The connection has one even before it is accepted.
		await expect(server).toHaveSocket({ state: 'LISTEN', timer: 'none' });
		const beforeAccept = await expect(server).toHaveSocket({
			state: 'ESTAB',
			localPort: 8080,
			timer: 'keepalive',
			timerLeft: { atMostMs: 20_000 },
		});
		const accepted = await listener.accept();
		const inherited = { keepalive: await accepted.option('SO_KEEPALIVE'), idle: await accepted.option('TCP_KEEPIDLE') };

		step('the server turns keepalive off again');
		await listener.setOption('SO_KEEPALIVE', 0);
		const second = await client.socket();
		await second.connect(server.port(8080));
		const next = await listener.accept();
		expect(await next.option('SO_KEEPALIVE')).toBe(0);
		expect(await accepted.option('SO_KEEPALIVE')).toBe(1);
		await expect(server).toHaveSocket({ state: 'ESTAB', timer: 'none' });
		await expect(server).toHaveSocket({ state: 'ESTAB', timer: 'keepalive' });

		claim('QI8', inherited.keepalive === 1 && inherited.idle === 20 && beforeAccept.timer?.name === 'keepalive', {
			holds:
				'The socket of a connection is a clone of its listener (sk_clone_lock), with its flags and options. Its ' +
				'timer is started when it is created (tcp_create_openreq_child).',
			differs: `The accepted socket has SO_KEEPALIVE ${inherited.keepalive} and TCP_KEEPIDLE ${inherited.idle}.`,
		});
		return (
			`Yes, with its times: SO_KEEPALIVE is ${inherited.keepalive}, TCP_KEEPIDLE is ${inherited.idle}, and the timer ` +
			'runs before accept. Later changes of the listener affect later connections only.'
		);
	},
);

scenario(
	'curl: keepalive unasked',
	{
		question: 'curl waits for a server that never answers its request. Would it learn that the server is dead?',
		claims: ['QI19'],
	},
	async ({ client, server, claim }) => {
		await server.nc({ listen: 8080 });
		const curl = await client.curl({ connect: server.port(8080) });
		const connection = await expect(client).toHaveSocket({
			state: 'ESTAB',
			timer: 'keepalive',
			timerLeft: { atMostMs: 60_000 },
		});
		// The kernel may be ahead of the trace of the calls. curl sets its options before connect, so when connect is in
		// the trace, they are, too.
		await expect(curl).toFail('connect', 'EINPROGRESS');
		const options = curl.calls().filter(({ name, returned }) => name === 'setsockopt' && returned === 0);
		const isSet = (option: string) => options.some(({ args }) => args.includes(option));
		claim('QI19', isSet('SO_KEEPALIVE, [1]') && isSet('TCP_KEEPIDLE, [60]') && isSet('TCP_KEEPINTVL, [60]'), {
			holds:
				'curl sets SO_KEEPALIVE, TCP_KEEPIDLE 60 and TCP_KEEPINTVL 60 before connect (60 s is the default of its ' +
				'option --keepalive-time).',
			differs: `curl set: ${options.map(({ args }) => args).join('; ')}.`,
		});
		return (
			'Yes, after the probes: it has set ' +
			`${options.flatMap(({ args }) => args.match(/(SO|TCP)_KEEP\w+, \[\d+\]/)?.[0] ?? []).join(', ')}, and ss shows ` +
			`${Math.round((connection.timer?.leftMs ?? 0) / 1_000)} s until the first probe.`
		);
	},
);
