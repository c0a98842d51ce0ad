/** How does a typed line get to the other side? Nothing is broken: this is what data looks like when all is well. */
import { expect, scenario } from '../../harness/index.ts';

scenario(
	'data: a line is a segment, and its answer is an ACK',
	{
		question: 'A connection is idle. A line is typed into telnet. What is on the wire?',
		claims: ['WF1'],
		needsIpv4: 'netcat-traditional has no IPv6',
	},
	async ({ client, server, timeline, step, claim }) => {
		const netcat = await server.ncTraditional({ listen: 8080 });
		const telnet = await client.telnet({ connect: server.port(8080) });

		step('a line is typed into telnet');
		await telnet.type('hello\n');
		await expect(netcat).toPrint('hello');
		// telnet ends a line with two characters, CR and LF (RFC 854): 7 bytes for "hello".
		await expect(telnet).toHaveReturned('write', 7);
		await expect(timeline).toShowSegments('> S', '< S.', '> .', '> P. 7', '< .');
		const [line, answer] = timeline.segments().slice(3);
		claim(
			'WF1',
			line?.flags === 'P.' && telnet.returned('write', line.length) && answer?.flags === '.' && answer.length === 0,
			{
				holds:
					'What one write hands to an idle connection is sent as one segment with PSH (tcp_push marks the last ' +
					'segment of a write). An ACK without data answers it, because the server has nothing to send.',
				differs: 'The line was sent in more than one segment, or the answer was not an ACK alone.',
			},
		);
		return `${line?.flags} with ${line?.length} bytes, seq ${line?.seq}; ${answer?.flags} with ack ${answer?.ack}.`;
	},
);
