/**
 * Is an orderly reboot of the server different from Ctrl-C? An orderly reboot ends the processes before the power goes,
 * so the kernel still closes their sockets and sends a FIN. kang is the client's program, kodos the server.
 */
import { expect, scenario } from '../../harness/index.ts';

scenario(
	'orderly reboot: processes are ended first',
	{
		question: 'kodos is rebooted in an orderly way: its processes are ended before the power goes. What does kang see?',
		claims: ['PZ5b'],
		needsIpv4: 'netcat-traditional has no IPv6',
	},
	async ({ client, server, timeline, step, claim }) => {
		await server.nc({ listen: 8080 });
		const kang = await client.ncTraditional({ connect: server.port(8080) });

		step('kodos shuts down');
		await server.shutdown();
		await expect(kang).toHaveReturned('read', 0);
		await expect(kang).toHaveEnded({ status: 0 });
		await expect(client).toHavePassedThrough('ESTAB', 'CLOSE-WAIT', 'LAST-ACK');

		step('kodos is back');
		await server.powerOn();
		await expect(server).toHaveNoSocket();
		await expect(timeline).toShowSegment('< F.');
		// kang's own FIN may arrive when the old stack is gone. Then the new stack answers it with a RST, but kang has
		// closed its socket, so none of its calls fails.
		expect(kang.failed('read', 'ECONNRESET')).toBe(false);
		claim('PZ5b', kang.returned('read', 0) && timeline.segments('server').some(({ flags }) => flags === 'F.'), {
			holds:
				'SIGTERM ends the process, the kernel closes its descriptors, and the FIN is sent before the power goes. The ' +
				'client reads 0, as in the warm-up.',
			differs: 'The client did not see the end of the stream.',
		});
		return (
			`The same as in the warm-up: its read gives ${kang.results('read')}, and its side passes through ` +
			`${timeline.states('client').join(', ')}.`
		);
	},
);
