/**
 * What if a wire loses everything in one direction, and nothing in the other? A broken fibre of a pair does that, or an
 * asymmetric route with a firewall on one side. Both directions look the same to the writer: no acknowledgement comes.
 * The reader either has all the data or none.
 */
import { expect, retransmissionTimeout, scenario } from '../../harness/index.ts';

/** Each timeout is reached after 6.2 s, instead of 15 minutes. */
const retries2 = 4;

const directions = [
	{ lost: 'the way to the reader', from: 'client', arrives: 0, claims: [] },
	{ lost: 'the way back', from: 'server', arrives: 5, claims: ['WI-oneway1'] },
] as const;

scenario.each(directions)(
	'one-way loss: $lost',
	({ claims }) => ({
		question: 'A client writes 5 bytes, and one direction of the wire loses everything. What does each side know?',
		claims,
		sysctls: { tcp_retries2: retries2 },
	}),
	async ({ client, server, link, timeline, step, claim }, { from, arrives, claims }) => {
		const listener = await (await server.socket()).listen(8080);
		const writer = await client.socket();
		await writer.connect(server.port(8080));
		const reader = await listener.accept();

		const cut = await link.cut({ from });
		// It waits already when the data is sent, so the timeout is not shorter than from the sending.
		const waiting = writer.recv();
		await writer.send('hello');
		if (arrives > 0) await expect(reader.recv()).toReturn(arrives);
		await expect(waiting).toFailWith('ETIMEDOUT', { after: retransmissionTimeout({ retries2 }) });
		await expect(client).toHaveNoSocket({ state: 'ESTAB' });

		step('the wire is whole again');
		await cut.heal();
		// Nothing told the reader's kernel: giving up sends no segment (tcp_write_err, tcp_done).
		await expect(server).toHaveSocket({ state: 'ESTAB', receiveQueue: 0, timer: 'none' });
		await expect(timeline).toShowNoSegment('> R sent');
		await reader.send('still there?');
		await expect(timeline).toShowSegment('> R');
		await expect(reader.recv()).toFailWith('ECONNRESET');
		if (claims.length > 0) {
			const received = timeline.calls('read', 'server').some(({ returned }) => returned === arrives);
			const failed = timeline.calls('read', 'client').find(({ errno }) => errno !== undefined);
			claim('WI-oneway1', received && failed?.errno === 'ETIMEDOUT', {
				holds: 'The reader got the data, its acknowledgements were lost, and the writer gave up (tcp_write_err).',
				differs: `The reader ${received ? 'got' : 'did not get'} the data; the writer was told ${failed?.errno}.`,
			});
		}
		return arrives > 0
			? 'The reader has the data, and the writer gives up all the same: it cannot tell which direction is broken.'
			: 'The reader has nothing, and still believes in the connection after the writer has given it up.';
	},
);
