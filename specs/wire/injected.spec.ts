/**
 * Somebody on the way sends a segment in the name of one host: a firewall that ends connections, or an attacker who
 * guesses. All that the receiver can check are the numbers. RFC 5961 made the checks of RFC 793 stricter: what is not
 * exact is answered by a challenge ACK, and only the true peer can answer that.
 */
import { expect, scenario } from '../../harness/index.ts';

/**
 * `answer`: what the receiver sends. `RFC 5961, 3.2`: a RST must have exactly the next expected number. `4.2`: a SYN is
 * never accepted in a connection, whatever its number. RFC 9293, 3.10.7.4: a segment outside the window is answered by
 * an ACK, unless it is a RST.
 */
const rows = [
	{ what: 'a RST with the exact number', flags: 'R', seq: 'exact', answers: 0, ends: true, id: 'WI-inject1' },
	{ what: 'a RST in the window', flags: 'R', seq: 'in window', answers: 1, ends: false, id: 'WI-inject2' },
	{ what: 'a RST behind the window', flags: 'R', seq: 'out of window', answers: 0, ends: false, id: 'WI-inject3' },
	{ what: 'a SYN', flags: 'S', seq: 'exact', answers: 1, ends: false, id: 'WI-inject4' },
	{ what: 'data behind the window', flags: 'P.', seq: 'out of window', answers: 1, ends: false, id: 'WI-inject5' },
] as const;

scenario.each(rows)(
	'a third party sends $what',
	({ id }) => ({
		question: 'A segment with the server’s address comes from somebody on the way. What does the client’s kernel do?',
		claims: [id],
	}),
	async ({ client, server, link, timeline, claim }, { flags, seq, answers, ends, id }) => {
		const listener = await (await server.socket()).listen(8080);
		const near = await client.socket();
		await near.connect(server.port(8080));
		const far = await listener.accept();

		const injected = await link.inject({ to: 'client', flags, seq, ...(flags === 'P.' && { data: 'guessed' }) });
		if (ends) await expect(near.recv()).toFailWith('ECONNRESET');
		else await expect(client).toHaveSocket({ state: 'ESTAB' });
		// The true server has sent nothing, and was told nothing.
		await expect(server).toHaveSocket({ state: 'ESTAB' });
		await timeline.upToDate();
		const answered = timeline.segments('client').filter(({ t }) => t > injected.t);
		const isAsAsserted =
			answered.length === answers && answered.every(({ flags: sent, length }) => sent === '.' && length === 0);
		claim(id, isAsAsserted, {
			holds: `${injected.flags} with seq ${injected.seq}: ${answers === 0 ? 'no answer' : 'one ACK of what it expects'} (tcp_validate_incoming).`,
			differs: `${injected.flags} with seq ${injected.seq} was answered by ${answered.map((one) => one.flags).join(', ') || 'nothing'}.`,
		});
		if (ends) {
			await far.send('still there?');
			await expect(timeline).toShowSegment('> R');
			await expect(far.recv()).toFailWith('ECONNRESET');
			return 'It ends the connection at once. The server learns of it when it next sends.';
		}
		// The stream has no byte of the third party.
		await far.send('true');
		await expect(near.recv()).toReturn(4);
		return answers === 0 ? 'Nothing: it is discarded.' : 'It sends an acknowledgement to the server, and goes on.';
	},
);
