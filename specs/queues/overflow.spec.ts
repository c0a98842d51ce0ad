/**
 * What happens to a client that finds the accept queue full? The server does not accept. One client is in the middle of
 * its handshake when others fill the queue; another connects after that. What they learn depends on
 * tcp_abort_on_overflow.
 */
import { expect, type ScenarioLab, scenario } from '../../harness/index.ts';

/** The queue is full when it is longer than this (sk_acceptq_is_full), so there is room for one more. */
const backlog = 2;

/**
 * Fills the accept queue of a new listener while one client (`early`) is in the middle of its handshake, and before
 * another one (`late`) starts. Returns what happened to both.
 */
async function overflow({ client, server, timeline, step }: ScenarioLab, tcp_abort_on_overflow: 0 | 1) {
	const port = 8080 + tcp_abort_on_overflow;
	const listener = await (await server.socket()).listen(port, { backlog });

	step(`tcp_abort_on_overflow=${tcp_abort_on_overflow}: the ACK and the data of the early client are lost`);
	await server.sysctl({ tcp_abort_on_overflow });
	const early = await client.socket({ name: `early-${tcp_abort_on_overflow}` });
	const earlyPort = 5_000 + tcp_abort_on_overflow;
	await early.bind(earlyPort);
	const lostAcks = await server.drop({
		name: `lost-acks-${tcp_abort_on_overflow}`,
		sourcePort: earlyPort,
		destinationPort: port,
		tcpFlags: 'SYN,ACK ACK',
	});
	await early.connect(server.port(port));
	await expect(server).toHaveSocket({ state: 'SYN-RECV', localPort: port });

	step('others fill the queue, and the late client connects');
	for (let others = 0; others <= backlog; others++) await (await client.socket()).connect(server.port(port));
	await expect(server).toHaveSocket({
		state: 'LISTEN',
		localPort: port,
		receiveQueue: backlog + 1,
		sendQueue: backlog,
	});
	const late = await client.socket({ name: `late-${tcp_abort_on_overflow}` });
	const connecting = late.connect(server.port(port));
	// Its SYN is dropped without an answer, and sent again.
	await expect(client).toHaveSocket({ state: 'SYN-SENT', remotePort: port, timer: 'on', timerCount: { atLeast: 1 } });
	await expect(connecting).toBlock();
	await early.send('hello');
	await expect(timeline).toShowSegment(`> P. 5 dropped by lost-acks-${tcp_abort_on_overflow}`);

	step('what the early client sends arrives again');
	await lostAcks.heal();
	const answer = early.recv();
	if (tcp_abort_on_overflow === 1) {
		await expect(answer).toFailWith('ECONNRESET');
		await expect(server).toHaveNoSocket({ state: 'SYN-RECV', localPort: port });
	} else {
		await expect(timeline).toShowSegment('> P. 5');
		await expect(client).toHaveSocket({ state: 'ESTAB', localPort: earlyPort, sendQueue: 5, timer: 'on' });
		await expect(server).toHaveSocket({ state: 'SYN-RECV', localPort: port });
		await expect(answer).toBlock();
	}

	step('the server accepts');
	for (let others = 0; others <= backlog; others++) await listener.accept();
	// Clients that were not reset are accepted after their next retransmission.
	for (let left = tcp_abort_on_overflow === 1 ? 1 : 2; left > 0; left--) await listener.accept();
	await expect(connecting).toReturn(0);
	if (tcp_abort_on_overflow === 0) {
		await expect(server).toHaveSocket({ state: 'ESTAB', localPort: port, receiveQueue: 5 });
		await expect(answer).toBlock();
	}
	return { late: connecting.event, early: answer.event };
}

scenario(
	'overflow: the accept queue is full',
	{
		question: 'The server does not accept, and its accept queue is full. What happens to another client?',
		claims: ['QI3b'],
		// With 7 retries, SYN-RECV lasts 247 s instead of 63 s: long enough until the server accepts, however busy the
		// machine is.
		sysctls: { tcp_synack_retries: 7 },
	},
	async (lab) => {
		const { timeline, claim } = lab;
		const withoutAbort = await overflow(lab, 0);
		const withAbort = await overflow(lab, 1);

		await expect(timeline).toShowSegment('< R');
		await timeline.upToDate();
		const resets = timeline.segments('server').filter(({ flags }) => flags.startsWith('R'));
		const nobodyLost = withoutAbort.late.returned === 0 && withoutAbort.early.errno === undefined;
		claim('QI3b', nobodyLost && withAbort.late.errno === 'ECONNRESET', {
			holds: 'With 0 no client was lost, and with 1 the late client was reset.',
			differs:
				'With 0 it holds. With 1 the late client also keeps trying, and its connect returns ' +
				`${withAbort.late.returned}: since 4.10, a SYN that finds the queue full is dropped whatever the sysctl says ` +
				'(tcp_conn_request). Only a client whose SYN was answered before the queue was full is reset ' +
				`(tcp_check_req): ${withAbort.early.errno}.`,
		});
		return (
			`The late client tries until there is room: connect returns ${withoutAbort.late.returned} with 0 and ` +
			`${withAbort.late.returned} with 1. The early client, whose SYN was answered before the queue was full: with 0 ` +
			`it waits, and its data arrives; with 1 its recv gives ${withAbort.early.errno}. RSTs in all: ${resets.length}.`
		);
	},
);
