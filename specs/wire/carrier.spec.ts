/**
 * What if the cable is pulled? The kernel sees that the carrier of its interface is gone; the other host's kernel sees
 * nothing. Connections do not end by that: they belong to addresses, not to interfaces. Nothing leaves meanwhile, not
 * even for the capture: a device without carrier has a queue that drops everything (dev_deactivate, noop_qdisc). The
 * retransmission timer runs on as if the segments had been sent.
 */
import { expect, retransmissionTimeout, scenario } from '../../harness/index.ts';

scenario(
	'carrier: lost, and back before the retransmissions end',
	{
		question:
			'A client’s cable is pulled, the client writes, and the cable is plugged in again. What does the program see?',
		claims: ['WI-carrier1'],
	},
	async ({ client, server, link, timeline, step, claim }) => {
		const listener = await (await server.socket()).listen(8080);
		const writer = await client.socket();
		await writer.connect(server.port(8080));
		const reader = await listener.accept();

		const unplugged = await link.unplug('client');
		await expect(writer.send('hello')).toReturn(5);
		await expect(client).toHaveSocket({ state: 'ESTAB', sendQueue: 5, timer: 'on', timerCount: { atLeast: 3 } });
		await expect(timeline).toShowNoSegment('> P. sent');

		step('the cable is plugged in');
		await unplugged.heal();
		await expect(reader.recv()).toReturn(5);
		await expect(client).toHaveSocket({ state: 'ESTAB', sendQueue: 0, timer: 'none' });
		await timeline.upToDate();
		const failed = timeline.calls().filter(({ errno }) => errno !== undefined);
		const [sent] = timeline.segments('client').filter(({ length }) => length > 0);
		claim('WI-carrier1', failed.length === 0 && sent?.fate === 'delivered', {
			holds: 'No call failed, and the data arrived when the retransmission timer expired after the carrier was back.',
			differs: `Calls failed: ${failed.map(({ name, errno }) => `${name} ${errno}`).join(', ')}.`,
		});
		return (
			'A delay, and no error: the data is sent when the retransmission timer expires next. The kernel does not send ' +
			'it earlier because the carrier is back.'
		);
	},
);

/** The timeout is reached after 6.2 s, instead of 15 minutes. */
const retries2 = 4;

scenario(
	'carrier: lost for longer than the retransmissions',
	{
		question: 'The cable stays out. Does the kernel tell the program that the carrier is gone, and when?',
		claims: ['WI-carrier2'],
		sysctls: { tcp_retries2: retries2 },
	},
	async ({ client, server, link, timeline, claim }) => {
		const listener = await (await server.socket()).listen(8080);
		const writer = await client.socket();
		await writer.connect(server.port(8080));
		await listener.accept();

		await link.unplug('client');
		// It waits already when the data is sent, so the timeout is not shorter than from the sending.
		const waiting = writer.recv();
		await expect(writer.send('hello')).toReturn(5);
		// The same error and the same time as with a peer that does not answer: nobody tells TCP about the carrier.
		await expect(waiting).toFailWith('ETIMEDOUT', { after: retransmissionTimeout({ retries2 }) });
		await expect(timeline).toShowNoSegment('> P. sent');
		await expect(server).toHaveSocket({ state: 'ESTAB', timer: 'none' });
		const [failed, ...others] = timeline.calls().filter(({ errno }) => errno !== undefined);
		claim('WI-carrier2', failed?.errno === 'ETIMEDOUT' && others.length === 0, {
			holds: 'The first error was ETIMEDOUT, after the time of tcp_retries2 (tcp_write_err).',
			differs: `The first error was ${failed?.errno}.`,
		});
		return 'Not the carrier: the program gets ETIMEDOUT after the retransmissions, none of which has left the host.';
	},
);
