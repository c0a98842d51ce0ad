/**
 * What happens to data in the send buffer when its socket is closed? The server does not read, so its receive window
 * closes, and most of what the client wrote waits in the client's send buffer. Then the client closes. close() returns
 * at once, and the kernel continues without the process: it probes the window, sends the rest when there is room, and
 * gives up after some minutes if there never is.
 */
import {
	type ClaimId,
	deviations,
	expect,
	gapsBetween,
	type Host,
	orphanProbeGapsMs,
	orphanProbeTimeoutMs,
	RTO_MAX_MS,
	type Socket,
	scenario,
	shortened,
	spanOf,
} from '../../harness/index.ts';

const text = 'hello, this is a long story. '.repeat(7_000);

/**
 * The client writes more than the server has room for, and the server does not read. So its window closes, and the rest
 * of the data waits in the client's send buffer.
 */
async function fill(client: Host, server: Host) {
	const listener = await server.socket();
	await listener.setOption('SO_RCVBUF', 4_096);
	await listener.listen(8080);
	const writer = await client.socket();
	await writer.connect(server.port(8080));
	const reader = await listener.accept();
	await listener.close();
	const probing = expect(client).toHaveSocket({ state: 'ESTAB', timer: 'persist' });
	const { returned: written } = await writer.send(text, 'MSG_DONTWAIT');
	await probing;
	return { writer, reader, written };
}

/** Reads until the end of the stream. */
async function readAll(reader: Socket): Promise<string> {
	let received = '';
	for (;;) {
		const { data } = await reader.recv();
		if (data.length === 0) return received;
		received += data;
	}
}

/**
 * The default is 120 s, and giving up takes more than five minutes. Kernels before 6.15 do not have this sysctl, so
 * there it takes that long in real time, too.
 */
const tcp_rto_max_ms = shortened({ default: RTO_MAX_MS, to: 15_000 });

const peers: readonly {
	/** In the titles, kodos is the server. Titles stay, because they are the addresses of reports. */
	readonly situation: string;
	claims: readonly ClaimId[];
	/** Whether the server shuts its sending side down before the client closes. */
	serverHasShut: boolean;
	clientState: 'FIN-WAIT-1' | 'LAST-ACK';
	serverState: 'ESTAB' | 'FIN-WAIT-2';
}[] = [
	{
		situation: 'kodos has said nothing',
		claims: [],
		serverHasShut: false,
		clientState: 'FIN-WAIT-1',
		serverState: 'ESTAB',
	},
	{
		situation: 'kodos has shut down its side',
		claims: ['KH-pacing1'],
		serverHasShut: true,
		clientState: 'LAST-ACK',
		serverState: 'FIN-WAIT-2',
	},
];

scenario.each(peers)(
	'closed before a window that never opens: $situation',
	({ claims }) => ({
		question:
			'The client closes while most of what it wrote still waits for the server, which does not read. Which side ' +
			'gives up, when, and does the other side learn of it?',
		claims,
		limitMs: 2 * orphanProbeTimeoutMs() + 60_000,
	}),
	async (
		{ client, server, timeline, step, claim, measured },
		{ situation, claims, serverHasShut, clientState, serverState },
	) => {
		const rtoMaxMs = client.hasSysctl('tcp_rto_max_ms') ? tcp_rto_max_ms : RTO_MAX_MS;
		if (rtoMaxMs !== RTO_MAX_MS) await client.sysctl({ tcp_rto_max_ms });
		const { writer, reader, written } = await fill(client, server);
		if (serverHasShut) await reader.shutdown('WR');
		const rtoMs = (await writer.info()).rto / 1_000;
		const schedule = orphanProbeGapsMs({ rtoMs, rtoMaxMs });

		step('the client closes');
		const close = writer.close();
		await expect(close).toReturn(0);
		const { sendQueue } = await expect(client).toHaveSocket({ state: clientState, timer: 'persist' });

		step('the server does not read');
		await expect(timeline).toShowNoSegment('> F. sent');
		const windowClosed = timeline.segments('server').find(({ window, flags }) => window === 0 && flags === '.');
		const limits = {
			after: spanOf(schedule.reduce((total, gap) => total + gap)),
			since: windowClosed?.t ?? Number.NaN,
		};
		await expect(client).toHaveNoSocket({}, limits);
		await timeline.upToDate();
		// The server acknowledges the probes (at most one in half a second: tcp_oow_rate_limited). These answers do not
		// make the client's kernel continue for longer.
		expect(deviations(gapsBetween([{ t: limits.since }, ...timeline.probes('client')]), schedule.slice(0, -1))).toEqual(
			[],
		);
		const silent = !timeline.segments('client').some(({ flags }) => /[FR]/.test(flags));
		const { receiveQueue } = await expect(server).toHaveSocket({ state: serverState, timer: 'none' });
		// The FIN takes one sequence number in the send queue, so one is subtracted.
		expect(receiveQueue).toBe(written - (sendQueue - 1));
		if (claims.includes('KH-pacing1')) {
			const atOnce = (close.event.took ?? Number.NaN) < 1;
			const took = (timeline.whenLeft('client', clientState) ?? Number.NaN) - limits.since;
			if (rtoMaxMs === RTO_MAX_MS) measured('closed with unsent data, until the socket is gone', took);
			const model = orphanProbeTimeoutMs() / 1_000;
			const byDefault = rtoMaxMs === RTO_MAX_MS ? took : model;
			// The claim says 5 to 6 minutes.
			claim('KH-pacing1', atOnce && silent && serverState === 'FIN-WAIT-2' && byDefault > 300 && byDefault < 360, {
				holds:
					'The kernel continues for a socket that no process holds (an orphan), but not forever. When the wait ' +
					'between two probes has reached its maximum, the kernel gives up and sends nothing (tcp_probe_timer, ' +
					`tcp_orphan_retries). With a maximum of ${rtoMaxMs / 1_000} s (TCP_RTO_MAX, tcp_rto_max_ms) it took ` +
					`${took.toFixed(1)} s; the default of ${RTO_MAX_MS / 1_000} s means ${model} s. The server is in ` +
					'FIN-WAIT-2 only because it had sent a FIN itself; otherwise it stays in ESTAB.',
				differs: 'close() blocked, or a FIN or RST was sent, or the kernel gave up at a different time.',
			});
		}
		expect(silent).toBe(true);

		step('the server reads at last');
		await expect(reader.recv()).toReturn(receiveQueue);
		// Reading opens the server's window. The window update arrives where no socket is left, and is answered by a RST.
		await expect(timeline).toShowSegment('> R');
		await expect(reader.recv()).toFailWith('ECONNRESET');
		return (
			`${situation}: close() returned after ${((close.event.took ?? Number.NaN) * 1_000).toFixed(0)} ms. After ` +
			`${timeline.probes('client').length} probes the client’s kernel discarded ${sendQueue - 1} of ${written} bytes ` +
			`and sent nothing. The server learns of it only when it reads: ${reader.process.results('read')}.`
		);
	},
);

scenario(
	'closed before a slow reader',
	{
		question:
			'The client closes while most of what it wrote still waits, and the server continues to read, but slowly. How ' +
			'much of the data arrives?',
		claims: ['KH-pacing2'],
	},
	async ({ client, server, timeline, step, claim }) => {
		const { writer, reader, written } = await fill(client, server);
		const room = await reader.option('SO_RCVBUF');

		step('the client closes');
		await expect(writer.close()).toReturn(0);

		step('the server reads, each time after its buffer is full');
		let received = '';
		const unread: number[] = [];
		const waiting: number[] = [];
		for (let turn = 0; turn < 3; turn++) {
			const { sendQueue } = await expect(client).toHaveSocket({ state: 'FIN-WAIT-1', timer: 'persist' });
			waiting.push(sendQueue);
			unread.push(written - (sendQueue - 1) - received.length);
			received += (await reader.recv()).data;
		}
		await expect(timeline).toShowNoSegment('> F. sent');

		step('the server reads the rest');
		received += await readAll(reader);
		await expect(client).toHaveSocket({ state: 'FIN-WAIT-2' });
		const paced =
			waiting.every((bytes, turn) => turn === 0 || bytes < (waiting[turn - 1] ?? 0)) &&
			unread.every((bytes) => bytes > 0 && bytes <= room);
		claim('KH-pacing2', paced && received === text.slice(0, written), {
			holds:
				'After close() the kernel still sends the send buffer as the window allows, and the FIN comes after the last ' +
				'byte (tcp_close_state, tcp_send_fin).',
			differs: 'Not everything that was written before close() arrived, or more was sent than the server had room for.',
		});
		expect(paced).toBe(true);
		expect(received).toBe(text.slice(0, written));
		return (
			`All ${written} bytes. Each time the server read, the client’s kernel sent a part: ${waiting.join(', ')} bytes ` +
			`were waiting. The server’s reads give ${reader.process.results('read')}.`
		);
	},
);

/** In seconds; the default. */
const finTimeout = 60;

scenario(
	'read only after the close',
	{
		question:
			'The client closes while most of what it wrote still waits, and the server begins to read only after that. ' +
			'Where does the FIN come, and which socket is left on the client?',
		claims: ['KH-pacing3'],
		sysctls: { tcp_fin_timeout: finTimeout },
	},
	async ({ client, server, timeline, step, claim }) => {
		const { writer, reader, written } = await fill(client, server);

		step('the client closes');
		await expect(writer.close()).toReturn(0);
		await expect(client).toHaveSocket({ state: 'FIN-WAIT-1', timer: 'persist' });
		await expect(timeline).toShowNoSegment('> F. sent');

		step('the server reads');
		const received = await readAll(reader);
		expect(received).toBe(text.slice(0, written));
		await expect(server).toHaveSocket({ state: 'CLOSE-WAIT' });
		const { timer } = await expect(client).toHaveSocket({
			state: 'FIN-WAIT-2',
			timer: 'timewait',
			timerLeft: { atMostMs: finTimeout * 1_000 },
		});
		await timeline.upToDate();
		const fins = timeline.segments('client').filter(({ flags }) => flags.includes('F'));
		const last = fins.at(-1);
		// Sequence numbers from the start: the SYN takes one, then the text, then the FIN.
		const behindAll = last !== undefined && last.seq + last.length === 1 + written;
		const left = timer?.leftMs ?? Number.NaN;
		claim(
			'KH-pacing3',
			received === text.slice(0, written) && behindAll && left <= finTimeout * 1_000 && left > (finTimeout / 2) * 1_000,
			{
				holds:
					'The FIN has the sequence number after the last byte, so it is sent with that byte or after it ' +
					'(tcp_send_fin). When it is acknowledged, the client’s socket is in FIN-WAIT-2 without a process, for ' +
					'tcp_fin_timeout (tcp_rcv_state_process, tcp_time_wait).',
				differs: 'The rest was not delivered, or the FIN came before it, or FIN-WAIT-2 had a different timer.',
			},
		);
		expect(behindAll).toBe(true);
		return (
			`After the last of ${written} bytes. The client’s socket is in FIN-WAIT-2 with ${(left / 1_000).toFixed(0)} s ` +
			'left.'
		);
	},
);
