/**
 * Balancers and firewalls of well-known networks forget idle connections, each after a time of its own. Some answer
 * later segments with a RST, others drop them. What does an application see at its next write?
 */
import { expect, IDLE_TIMEOUTS, retransmissionTimeout, scenario, shortened, spanOf } from '../../harness/index.ts';

/** The default is 15 and takes 15 minutes. */
const retries2 = shortened({ default: 15, to: 3 });

const boxes = [
	{ box: 'aws-nlb' },
	{ box: 'aws-nat-gateway' },
	{ box: 'azure-load-balancer' },
	{ box: 'google-vpc' },
	{ box: 'ipvs' },
] as const;

scenario.each(boxes)(
	'$box: the write after its idle timeout',
	({ box }) => ({
		question: `What does a program see at its next write after ${box} has forgotten its connection?`,
		between: 'router',
		sysctls: { tcp_retries2: retries2 },
	}),
	async ({ client, server, router, timeline, step }, { box }) => {
		// The time and the answer, each with its source, are in harness/tcp/idle-timeouts.ts.
		const { answer, seconds } = IDLE_TIMEOUTS[box];
		const established = shortened({ default: seconds, to: 2 });
		await router.firewall({ name: 'box', idle: box, timeoutSeconds: { established } });
		const listener = await (await server.socket()).listen(8080);
		const writer = await client.socket();
		await writer.connect(server.port(8080));
		const reader = await listener.accept();
		const reading = reader.recv();
		await timeline.upToDate();
		const since = timeline.segments().at(-1)?.t ?? 0;
		await expect(router).toHaveNoConnection({}, { after: spanOf(established * 1_000), since });

		step('the client writes');
		const reply = writer.recv();
		// The kernel puts it into the send buffer. It knows of nothing.
		await expect(writer.send('hello')).toReturn(5);
		if (answer === 'reset') {
			await expect(timeline).toShowSegment('< R forged');
			// tcp_reset. There is no FIN before it, so it is not EPIPE.
			await expect(reply).toFailWith('ECONNRESET');
			await expect(timeline).toShowSegments('> S', '< S.', '> .', '> P. 5 dropped by box', '< R forged');
		} else {
			// tcp_write_timeout, as with a peer that has no power.
			await expect(reply).toFailWith('ETIMEDOUT', { after: retransmissionTimeout({ retries2 }) });
			await expect(timeline).toShowSegments('> S', '< S.', '> .', `${retries2}..x > P. 5 dropped by box`);
		}
		await expect(client).toHaveNoSocket();
		await expect(reading).toBlock();
		await expect(server).toHaveSocket({ state: 'ESTAB', localPort: 8080, timer: 'none', receiveQueue: 0 });
		await timeline.upToDate();
		const sent = timeline.segments('client').find(({ length }) => length > 0)?.t ?? Number.NaN;
		const tookMs = (reply.endedAt - sent) * 1_000;
		return (
			`The write succeeds. Its read gives ${writer.process.results('read')}, ${tookMs.toFixed(0)} ms after the ` +
			'data was sent. The other side is not told.'
		);
	},
);
