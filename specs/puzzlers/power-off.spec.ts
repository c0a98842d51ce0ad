/** The server loses its power and never comes back. What can the client know, and when? */
import { expect, retransmissionTimeout, scenario } from '../../harness/index.ts';

scenario('power-off: the peer never comes back', { claims: ['PZ8', 'PZ9'], sysctls: { tcp_retries2: 5 } }, async ({ client, server, timeline, claim }) => {
	await server.nc({ listen: 8080 });
	const peer = await client.dnc({ connect: server.port(8080) });

	await server.powerOff();
	await peer.type('kodos, are you there?\n');

	await expect(peer).toHaveReturned('write', 22);
	await expect(client).toHaveSocket({ state: 'ESTAB', sendQueue: 22, timer: 'on' });
	await expect(peer).toFail('read', 'ETIMEDOUT', { after: retransmissionTimeout({ retries2: 5 }) });
	await expect(client).toHaveNoSocket();
	await expect(timeline).toShowSegments('> S', '< S.', '> .', '> P. unobserved', '6x > P. unobserved');
	claim('PZ8', true, {holds:'',differs:''});
	claim('PZ9', true, {holds:'',differs:''});
});
