/**
 * What if a box in the middle forgets an idle connection? Firewalls, NATs and balancers keep a table of connections, and
 * remove what was idle for minutes. Neither host is told. The first to write learns of it; the other may never do.
 */
import { expect, IDLE_TIMEOUTS, retransmissionTimeout, scenario, shortened } from '../../harness/index.ts';

/** In seconds. */
const established = shortened<number>({ default: IDLE_TIMEOUTS['aws-nlb'].seconds, to: 2 });
/** Each timeout is reached after 3 s, instead of 15 minutes. */
const retries2 = 3;
/** The table is read again until the entry is gone; it may be read late on a busy machine. */
const forgotten = { after: { atLeastMs: 0, atMostMs: established * 1_000 + 30_000 } };

const answers = [
	{ answer: 'nothing', errno: 'ETIMEDOUT' },
	{ answer: 'reset', errno: 'ECONNRESET' },
] as const;

scenario.each(answers)(
	'a firewall forgets an idle connection, and answers with $answer',
	{
		question:
			'A connection is idle for longer than a firewall remembers it. Then the client writes. What does each know?',
		between: 'router',
		sysctls: { tcp_retries2: retries2 },
	},
	async ({ client, server, router, timeline, step }, { answer, errno }) => {
		await router.firewall({ name: 'box', timeoutSeconds: { established }, answer });
		const listener = await (await server.socket()).listen(8080);
		const writer = await client.socket();
		await writer.connect(server.port(8080));
		const reader = await listener.accept();
		await expect(router).toHaveNoConnection({ state: 'ESTABLISHED' }, forgotten);
		step('both hosts believe in the connection');
		await expect(client).toHaveSocket({ state: 'ESTAB', timer: 'none' });

		step('the client writes');
		const waiting = writer.recv();
		await writer.send('hello');
		const after = errno === 'ETIMEDOUT' ? retransmissionTimeout({ retries2 }) : { atLeastMs: 0, atMostMs: 15_000 };
		await expect(waiting).toFailWith(errno, { after });
		await expect(timeline).toShowSegment('> P. 5 dropped by box');

		step('the server was told nothing');
		const reading = reader.recv();
		await expect(reading).toBlock({ forMs: 500 });
		await expect(server).toHaveSocket({ state: 'ESTAB', receiveQueue: 0, timer: 'none' });
		await expect(timeline).toShowNoSegment('> R sent');
		return `The writer gets ${errno}; the reader waits for ever.`;
	},
);

/** Probes come twice while the firewall remembers, or only after it has forgotten. In seconds. */
const probing = [
	{ probes: 'more often than', idle: Math.floor(established / 2), holds: true },
	{ probes: 'less often than', idle: established * 2, holds: false },
] as const;

scenario.each(probing)(
	'keepalive: a probe comes $probes the firewall forgets',
	{
		question: 'Does keepalive save an idle connection from a firewall that forgets?',
		between: 'router',
	},
	async ({ client, server, router, timeline }, { idle, holds }) => {
		await router.firewall({ name: 'box', timeoutSeconds: { established } });
		const listener = await (await server.socket()).listen(8080);
		const prober = await client.socket();
		await prober.setOption('SO_KEEPALIVE', 1);
		await prober.setOption('TCP_KEEPIDLE', idle);
		await prober.setOption('TCP_KEEPINTVL', 1);
		await prober.setOption('TCP_KEEPCNT', 2);
		await prober.connect(server.port(8080));
		await listener.accept();
		if (holds) {
			// Three probes take longer than the firewall remembers an idle connection.
			await expect(timeline).toShowSegment('3..x < . 0', { after: { atLeastMs: 0, atMostMs: idle * 4_000 + 15_000 } });
			await expect(router).toHaveConnection({ state: 'ESTABLISHED' });
			await expect(client).toHaveSocket({ state: 'ESTAB', timer: 'keepalive', timerCount: 0 });
			return 'The probes keep it in the table.';
		}
		const reading = prober.recv();
		// The first probe, and as many as TCP_KEEPCNT without an answer (tcp_keepalive_timer).
		await expect(reading).toFailWith('ETIMEDOUT', {
			after: { atLeastMs: idle * 1_000, atMostMs: idle * 1_000 + 20_000 },
		});
		await expect(timeline).toShowSegment('> . 0 dropped by box');
		return 'The probes are lost, too: the prober gets ETIMEDOUT.';
	},
);
