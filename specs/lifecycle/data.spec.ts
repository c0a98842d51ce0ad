/** How does a line that is typed get to the other side? */
import { expect, scenario } from '../../harness/index.ts';

scenario(
	'data: a line is a segment, and its answer is an ACK',
	{
		question: 'A connection is idle. A line is typed into telnet. What is on the wire?',
		claims: ['WF1'],
	},
	async ({ client, server, timeline, step, claim }) => {
		const kodos = await server.ncTraditional({ listen: 8080 });
		const kang = await client.telnet({ connect: server.port(8080) });

		step('kang types');
		await kang.type('hello\n');
		await expect(kodos).toPrint('hello');
		// telnet ends a line with two characters (RFC 854).
		await expect(kang).toHaveReturned('write', 7);
		await expect(timeline).toShowSegments('> S', '< S.', '> .', '> P. 7', '< .');
		const [line, answer] = timeline.segments().slice(3);
		claim(
			'WF1',
			line?.flags === 'P.' && kang.returned('write', line.length) && answer?.flags === '.' && answer.length === 0,
			{
				holds:
					'What one write gives to an idle connection leaves in one segment with PSH (tcp_push marks the last of a ' +
					'write), and is answered by an ACK without data, for the server has none.',
				differs: 'The line was in more than one segment, or was not answered by an ACK alone.',
			},
		);
		return `${line?.flags} with ${line?.length} bytes, seq ${line?.seq}; ${answer?.flags} with ack ${answer?.ack}.`;
	},
);
