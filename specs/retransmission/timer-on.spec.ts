/** What is being retransmitted when ss shows the timer "on", and can a program limit it? */
import { expect, isTimerOf, scenario, spanOf } from '../../harness/index.ts';

const userTimeoutMs = 2_500;

scenario(
	'ss: the timer on',
	{
		question: 'A SYN, data and a SYN-ACK are lost, each of a socket with TCP_USER_TIMEOUT 2.5 s. What does ss show, and when does each end?',
		claims: ['QI1'],
	},
	async ({ client, server, timeline, step, claim }) => {
		step('data is lost');
		await (await server.socket()).listen(8001);
		const talking = await client.socket();
		await talking.setOption('TCP_USER_TIMEOUT', userTimeoutMs);
		await talking.connect(server.port(8001));
		await server.drop({ name: 'lost-data', destinationPort: 8001 });
		await talking.send('hello');
		const reading = talking.recv();
		await expect(client).toHaveSocket({ state: 'ESTAB', remotePort: 8001, sendQueue: 5, timer: 'on', timerCount: 1 });

		step('a SYN is lost');
		await server.drop({ name: 'lost-syn', destinationPort: 8002 });
		const calling = await client.socket();
		await calling.setOption('TCP_USER_TIMEOUT', userTimeoutMs);
		const connecting = calling.connect(server.port(8002));
		await expect(client).toHaveSocket({ state: 'SYN-SENT', remotePort: 8002, timer: 'on', timerCount: 1 });

		step('a SYN-ACK is lost');
		const listener = await server.socket();
		await listener.setOption('TCP_USER_TIMEOUT', userTimeoutMs);
		await listener.listen(8003);
		await client.drop({ name: 'lost-syn-ack', sourcePort: 8003 });
		const called = timeline.context.history.at(timeline.context.clock.now());
		const waiting = (await client.socket()).connect(server.port(8003));
		await expect(server).toHaveSocket({ state: 'SYN-RECV', localPort: 8003, timer: 'on', timerCount: 1 });

		await expect(reading).toFailWith('ETIMEDOUT', { after: spanOf(userTimeoutMs) });
		await expect(connecting).toFailWith('ETIMEDOUT', { after: spanOf(userTimeoutMs) });
		const still = await expect(server).toHaveSocket(
			{ state: 'SYN-RECV', localPort: 8003, timer: 'on', timerCount: 2 },
			{ after: spanOf(3_000), since: called },
		);
		await expect(waiting).toBlock();
		console.log(
			timeline
				.segments()
				.map((s) => `${s.t} ${s.host} ${s.from.port} ${s.flags} ${s.fate} ${s.seq} ${s.ack}`)
				.join('\n'),
			reading.event,
			connecting.event,
			still,
		);
	},
);
