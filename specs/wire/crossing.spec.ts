/**
 * What if two segments of the same kind are on the wire at the same time, in opposite directions? The wire keeps both
 * until both are there, and then lets them go. The state diagram has transitions of their own for two FINs, and for two
 * SYNs (RFC 9293, figure 5).
 */
import { expect, scenario } from '../../harness/index.ts';

scenario(
	'crossing: two FINs',
	{
		question: 'Both sides close at the same time, and the FINs cross on the wire. Which states do the sockets pass?',
		claims: ['WI-cross1'],
	},
	async ({ client, server, link, timeline, step, claim }) => {
		const listener = await (await server.socket()).listen(8080);
		const near = await client.socket();
		await near.connect(server.port(8080));
		const far = await listener.accept();

		step('what both send stays on the wire');
		const toServer = await link.hold({ from: 'client', destinationPort: 8080 });
		const toClient = await link.hold({ from: 'server', sourcePort: 8080 });
		await near.close();
		await far.close();
		await Promise.all([toServer.untilHeld(1), toClient.untilHeld(1)]);
		await expect(client).toHaveSocket({ state: 'FIN-WAIT-1' });
		await expect(server).toHaveSocket({ state: 'FIN-WAIT-1' });

		step('the FINs arrive; the answers stay on the wire');
		await Promise.all([toServer.release(1), toClient.release(1)]);
		// The other's FIN is here, and the own one is not acknowledged (tcp_fin, case TCP_FIN_WAIT1).
		await expect(client).toHaveSocket({ state: 'CLOSING' });
		await expect(server).toHaveSocket({ state: 'CLOSING' });

		step('the answers arrive');
		await Promise.all([toServer.heal(), toClient.heal()]);
		await expect(client).toHaveSocket({ state: 'TIME-WAIT' });
		await expect(server).toHaveSocket({ state: 'TIME-WAIT' });
		await timeline.upToDate();

		const sides = (['client', 'server'] as const).map((host) => ({
			path: timeline.states(host).slice(-4).join(', '),
			fin: timeline.segments(host).find(({ flags }) => flags === 'F.'),
			answer: timeline.segments(host).find(({ flags, ack }) => flags === '.' && ack === 2),
		}));
		// Figure 13: neither FIN acknowledges the other. Each is then acknowledged by a segment of its own.
		const asDrawn = sides.every(
			({ fin, answer }) => fin?.seq === 1 && fin.ack === 1 && answer?.seq === 2 && answer.fate === 'delivered',
		);
		const paths = sides.map(({ path }) => path);
		claim('WI-cross1', asDrawn && paths.every((path) => path === 'ESTAB, FIN-WAIT-1, CLOSING, TIME-WAIT'), {
			holds:
				'A FIN moves FIN-WAIT-1 to CLOSING (tcp_fin). The ACK of the own FIN then begins TIME-WAIT, on both sides.',
			differs:
				`The sides passed ${paths.join(' and ')}; their segments ${asDrawn ? 'were' : 'were not'} those of ` +
				'figure 13.',
		});
		return `Both sides: ${paths[0]}. So both keep a TIME-WAIT, not only the one that closed first.`;
	},
);

scenario(
	'crossing: two SYNs',
	{
		question:
			'Nobody listens. Two sockets connect to each other’s port at the same time, and the SYNs cross on the wire. Do ' +
			'they get a connection?',
		claims: ['WI-cross2'],
	},
	async ({ client, server, link, timeline, step, claim }) => {
		const [near, far] = [await client.socket(), await server.socket()];
		await near.bind(9001);
		await far.bind(9002);
		const toServer = await link.hold({ from: 'client', tcpFlags: 'SYN SYN' });
		const toClient = await link.hold({ from: 'server', tcpFlags: 'SYN SYN' });
		const connects = [near.connect(server.port(9002)), far.connect(client.port(9001))] as const;
		await Promise.all([toServer.untilHeld(1), toClient.untilHeld(1)]);
		await expect(client).toHaveSocket({ state: 'SYN-SENT' });
		await expect(server).toHaveSocket({ state: 'SYN-SENT' });

		step('the SYNs arrive; the answers stay on the wire');
		await Promise.all([toServer.release(1), toClient.release(1)]);
		// "It is attempt of simultaneous connect" (tcp_rcv_synsent_state_process).
		await expect(client).toHaveSocket({ state: 'SYN-RECV' });
		await expect(server).toHaveSocket({ state: 'SYN-RECV' });
		await expect(connects[0]).toBlock();

		step('the answers arrive');
		await Promise.all([toServer.heal(), toClient.heal()]);
		await expect(connects[0]).toReturn(0);
		await expect(connects[1]).toReturn(0);
		await near.send('hello');
		await expect(far.recv()).toReturn(5);
		await far.send('hello, too');
		await expect(near.recv()).toReturn(10);
		await expect(client).toHaveSockets(1, {});
		await timeline.upToDate();

		const sides = (['client', 'server'] as const).map((host) => ({
			path: timeline.states(host).join(', '),
			opening: timeline.segments(host).filter(({ length, retransmission }) => length === 0 && !retransmission),
		}));
		// Figure 7: a SYN, and in answer to the other's SYN the same SYN with an ACK.
		const asDrawn = sides.every(({ opening: [syn, answer] }) => syn?.flags === 'S' && answer?.flags === 'S.');
		const paths = sides.map(({ path }) => path);
		claim('WI-cross2', asDrawn && paths.every((path) => path === 'SYN-SENT, SYN-RECV, ESTAB'), {
			holds:
				'A SYN without ACK moves SYN-SENT to SYN-RECV, and is answered by a SYN with ACK ' +
				'(tcp_rcv_synsent_state_process). It is one connection, and both calls of connect return 0.',
			differs:
				`The sides passed ${paths.join(' and ')}; their segments ${asDrawn ? 'were' : 'were not'} those of ` +
				'figure 7.',
		});
		return `Yes, one. Both sides: ${paths[0]}, and both calls of connect return 0. Nobody has called accept.`;
	},
);
