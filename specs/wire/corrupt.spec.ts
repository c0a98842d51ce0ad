/**
 * A bit of a segment is flipped on the wire. The receiver's kernel finds that the checksum is wrong, and must discard
 * the segment (RFC 9293, 3.1, MUST-3). It cannot trust any of its fields, the ports included, so it answers nothing and
 * tells no program. The sender's kernel finds out as if the segment had been lost.
 */
import { expect, scenario } from '../../harness/index.ts';

scenario(
	'corrupt: a data segment',
	{
		question: 'A bit of the data is flipped on the wire. Who notices, and what arrives?',
		claims: ['WI-corrupt1'],
	},
	async ({ client, server, link, timeline, claim }) => {
		const listener = await (await server.socket()).listen(8080);
		const writer = await client.socket();
		await writer.connect(server.port(8080));
		const reader = await listener.accept();
		const { TcpInCsumErrors: before = Number.NaN } = await server.counters();

		const corrupt = await link.corrupt({ name: 'noise', from: 'client', length: { atLeast: 1 }, nth: 1 });
		await writer.send('hello');
		await expect(timeline).toShowSegment('> P. 5 dropped by noise');
		// The timer of a tail-loss probe or of a retransmission (tcp_send_loss_probe, tcp_retransmit_timer).
		await expect(reader.recv(5)).toReturn(5);
		await corrupt.heal();
		await timeline.upToDate();

		const { TcpInCsumErrors: after = Number.NaN } = await server.counters();
		const [damaged, again] = timeline.segments('client').filter(({ length }) => length > 0);
		const [from, to] = [damaged?.arrived ?? Number.NaN, again?.arrived ?? Number.NaN];
		const answers = [...timeline.segments('server'), ...timeline.icmp('server')].filter(({ t }) => t >= from && t < to);
		claim('WI-corrupt1', from < to && answers.length === 0 && after === before + 1 && again?.retransmission === true, {
			holds:
				'tcp_v4_rcv and tcp_v6_rcv discard it, and count it as TcpInCsumErrors. The sender repeats it ' +
				`${((again?.t ?? Number.NaN) - (damaged?.t ?? Number.NaN)).toFixed(1)} s later, by its timer.`,
			differs: `The receiver sent ${answers.length} answers, and counted ${after - before} wrong checksums.`,
		});
		return 'Only a counter of the receiver’s kernel. The data arrives when the sender’s timer expires.';
	},
);

scenario(
	'corrupt: a SYN to a closed port',
	{
		question: 'Nobody listens, so a SYN is refused at once. And if a bit of it is flipped on the wire?',
		claims: ['WI-corrupt2'],
	},
	async ({ client, server, link, timeline, claim }) => {
		const corrupt = await link.corrupt({ name: 'noise', from: 'client', tcpFlags: 'SYN SYN', nth: 1 });
		const caller = await client.socket();
		await expect(caller.connect(server.port(8080))).toFailWith('ECONNREFUSED');
		await corrupt.heal();
		await timeline.upToDate();
		const [damaged, again] = timeline.segments('client').filter(({ flags }) => flags === 'S');
		const resets = timeline.segments('server').filter(({ flags }) => flags === 'R.');
		const waitedMs = ((again?.t ?? Number.NaN) - (damaged?.t ?? Number.NaN)) * 1_000;
		const [reset] = resets;
		claim('WI-corrupt2', damaged?.by === 'noise' && resets.length === 1 && (reset?.t ?? 0) >= (again?.t ?? Infinity), {
			holds:
				'The checksum is verified before the kernel looks for a socket or sends a RST (tcp_v4_rcv, label ' +
				`no_tcp_socket). Only the second SYN, ${waitedMs.toFixed(0)} ms later, is refused.`,
			differs: `The server sent ${resets.length} resets.`,
		});
		return `It is not refused. The client waits for its timer, ${waitedMs.toFixed(0)} ms, and its second SYN is.`;
	},
);
