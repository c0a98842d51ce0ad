/**
 * Can a sender tell a peer that has shut its reading side from one that merely does not read? TCP has no segment for
 * shutdown(RD), so the two should look alike: data is acknowledged, and the window closes when the receive buffer is
 * full. Nothing is broken.
 */
import { expect, scenario } from '../../harness/index.ts';

const peers = [
	{ peer: 'does not read', shut: false, claims: [] },
	{ peer: 'has shut its reading side', shut: true, claims: ['KH-misc4'] },
] as const;

scenario.each(peers)(
	'deaf: the peer $peer',
	({ peer, claims }) => ({
		question: `The server ${peer}. The client sends a little, and then more than fits. What does it learn?`,
		claims,
	}),
	async ({ client, server, timeline, step, claim }, { shut }) => {
		const listener = await server.socket();
		// Small buffers are full sooner. An accepted socket inherits SO_RCVBUF from its listener.
		await listener.setOption('SO_RCVBUF', 8_192);
		await listener.listen(8080);
		const writer = await client.socket();
		await writer.setOption('SO_SNDBUF', 8_192);
		await writer.connect(server.port(8080));
		const peerSocket = await listener.accept();
		if (shut) await peerSocket.shutdown('RD');

		step('the client sends a little');
		await writer.send('hello');
		await expect(client).toHaveSocket({ state: 'ESTAB', sendQueue: 0 });
		await expect(server).toHaveSocket({ state: 'ESTAB', receiveQueue: 5 });
		const windowAfterLittle = (await writer.info()).snd_wnd;

		step('the client sends more than fits');
		const sending = writer.send('x'.repeat(100_000));
		await expect(client).toHaveSocket({ state: 'ESTAB', timer: 'persist' });
		await expect(sending).toBlock();
		const windowAfterMuch = (await writer.info()).snd_wnd;
		const full = await expect(server).toHaveSocket({ state: 'ESTAB' });
		await expect(timeline).toShowNoSegment('< R sent');
		expect([windowAfterLittle > 0, windowAfterMuch]).toEqual([true, 0]);

		if (shut) {
			claim('KH-misc4', windowAfterLittle > 0 && full.receiveQueue > 5, {
				holds:
					'shutdown(RD) sets a flag of the socket and sends nothing (inet_shutdown, tcp_shutdown). Data that arrives ' +
					`is queued and acknowledged as before, with ${windowAfterLittle} bytes of window left. The window closes ` +
					'when the buffer is full, as it does if nobody reads.',
				differs:
					`After the shutdown the window was ${windowAfterLittle} bytes, and ${full.receiveQueue} ` +
					'bytes were queued.',
			});
		}
		return (
			`5 bytes are acknowledged, with a window of ${windowAfterLittle}. Of 100000 more bytes the peer takes what ` +
			`fits, ${full.receiveQueue} bytes in all, and then its window is ${windowAfterMuch}.`
		);
	},
);
