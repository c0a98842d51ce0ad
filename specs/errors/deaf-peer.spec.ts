/** Can a sender tell whether its peer has shut its reading side, or merely does not read? */
import { expect, scenario } from '../../harness/index.ts';

const peers = [
	{ peer: 'does not read', shut: false, claims: [] },
	{ peer: 'has shut its reading side', shut: true, claims: ['KH-misc4'] },
] as const;

scenario.each(peers)(
	'deaf: the peer $peer',
	({ peer, claims }) => ({
		question: `The server ${peer}, and the client sends, a little first, and then more than fits. What is it told?`,
		claims,
	}),
	async ({ client, server, timeline, step, claim }, { shut }) => {
		const listener = await server.socket();
		// Small buffers, so that little fills them; an accepted socket inherits its listener's.
		await listener.setOption('SO_RCVBUF', 8_192);
		await listener.listen(8080);
		const kang = await client.socket();
		await kang.setOption('SO_SNDBUF', 8_192);
		await kang.connect(server.port(8080));
		const kodos = await listener.accept();
		if (shut) await kodos.shutdown('RD');

		step('kang sends a little');
		await kang.send('hello');
		await expect(client).toHaveSocket({ state: 'ESTAB', sendQueue: 0 });
		await expect(server).toHaveSocket({ state: 'ESTAB', receiveQueue: 5 });
		const windowAfterLittle = (await kang.info()).snd_wnd;

		step('kang sends more than fits');
		const sending = kang.send('x'.repeat(100_000));
		await expect(client).toHaveSocket({ state: 'ESTAB', timer: 'persist' });
		await expect(sending).toBlock();
		const windowAfterMuch = (await kang.info()).snd_wnd;
		const full = await expect(server).toHaveSocket({ state: 'ESTAB' });
		await expect(timeline).toShowNoSegment('< R sent');
		expect([windowAfterLittle > 0, windowAfterMuch]).toEqual([true, 0]);

		if (shut) {
			claim('KH-misc4', windowAfterLittle > 0 && full.receiveQueue > 5, {
				holds:
					'shutdown(RD) sets a flag of the socket and sends nothing (inet_shutdown, tcp_shutdown); what arrives is ' +
					`queued and acknowledged as ever, with ${windowAfterLittle} bytes of window left. The window closes when ` +
					'the buffer is full, as it does where nobody reads.',
				differs:
					`After the shutdown the window was ${windowAfterLittle} bytes, and ${full.receiveQueue} bytes were ` +
					'queued.',
			});
		}
		return (
			`5 bytes are acknowledged, with a window of ${windowAfterLittle}; of 100000 more the peer takes what fits, ` +
			`${full.receiveQueue} bytes in all, and then its window is ${windowAfterMuch}.`
		);
	},
);
