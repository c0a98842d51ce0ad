/** What becomes of data that cannot be sent yet when the socket is closed? */
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

const story = 'kodos, this is a long story. '.repeat(7_000);

/**
 * kang writes more than kodos has room for, and kodos does not read: its window closes, and the rest waits in kang’s
 * send buffer.
 */
async function fill(client: Host, server: Host) {
	const listener = await server.socket();
	await listener.setOption('SO_RCVBUF', 4_096);
	await listener.listen(8080);
	const kang = await client.socket();
	await kang.connect(server.port(8080));
	const kodos = await listener.accept();
	await listener.close();
	const waits = expect(client).toHaveSocket({ state: 'ESTAB', timer: 'persist' });
	const { returned: written } = await kang.send(story, 'MSG_DONTWAIT');
	await waits;
	return { kang, kodos, written };
}

/** kodos reads until the end of the stream. */
async function readAll(kodos: Socket): Promise<string> {
	let text = '';
	for (;;) {
		const { data } = await kodos.recv();
		if (data.length === 0) return text;
		text += data;
	}
}

/** The default takes minutes; kernels before 6.15 have no such sysctl, and take them. */
const tcp_rto_max_ms = shortened({ default: RTO_MAX_MS, to: 15_000 });

const peers: readonly {
	kodos: string;
	claims: readonly ClaimId[];
	says: boolean;
	kang: 'FIN-WAIT-1' | 'LAST-ACK';
	stays: 'ESTAB' | 'FIN-WAIT-2';
}[] = [
	{ kodos: 'kodos has said nothing', claims: [], says: false, kang: 'FIN-WAIT-1', stays: 'ESTAB' },
	{ kodos: 'kodos has shut down its side', claims: ['KH-pacing1'], says: true, kang: 'LAST-ACK', stays: 'FIN-WAIT-2' },
];

scenario.each(peers)(
	'closed before a window that never opens: $kodos',
	({ claims }) => ({
		question:
			'kang closes while most of what it wrote still waits for kodos, who does not read. Who gives up, when, and ' +
			'who is told?',
		claims,
		limitMs: 2 * orphanProbeTimeoutMs() + 60_000,
	}),
	async (
		{ client, server, timeline, step, claim, measured },
		{ kodos: situation, claims, says, kang: waits, stays },
	) => {
		const rtoMaxMs = client.hasSysctl('tcp_rto_max_ms') ? tcp_rto_max_ms : RTO_MAX_MS;
		if (rtoMaxMs !== RTO_MAX_MS) await client.sysctl({ tcp_rto_max_ms });
		const { kang, kodos, written } = await fill(client, server);
		if (says) await kodos.shutdown('WR');
		const rtoMs = (await kang.info()).rto / 1_000;
		const schedule = orphanProbeGapsMs({ rtoMs, rtoMaxMs });

		step('kang closes');
		const close = kang.close();
		await expect(close).toReturn(0);
		const { sendQueue } = await expect(client).toHaveSocket({ state: waits, timer: 'persist' });

		step('and kodos does not read');
		await expect(timeline).toShowNoSegment('> F. sent');
		const windowClosed = timeline.segments('server').find(({ window, flags }) => window === 0 && flags === '.');
		const patience = {
			after: spanOf(schedule.reduce((total, gap) => total + gap)),
			since: windowClosed?.t ?? Number.NaN,
		};
		await expect(client).toHaveNoSocket({}, patience);
		await timeline.upToDate();
		// kodos acknowledges each probe (though no more than one in half a second, tcp_oow_rate_limited), and that is no
		// reason to go on.
		expect(
			deviations(gapsBetween([{ t: patience.since }, ...timeline.probes('client')]), schedule.slice(0, -1)),
		).toEqual([]);
		const silent = !timeline.segments('client').some(({ flags }) => /[FR]/.test(flags));
		const { receiveQueue } = await expect(server).toHaveSocket({ state: stays, timer: 'none' });
		expect(receiveQueue).toBe(written - (sendQueue - 1));
		if (claims.includes('KH-pacing1')) {
			const atOnce = (close.event.took ?? Number.NaN) < 1;
			const took = (timeline.whenLeft('client', waits) ?? Number.NaN) - patience.since;
			if (rtoMaxMs === RTO_MAX_MS) measured('closed with unsent data, until the socket is gone', took);
			const model = orphanProbeTimeoutMs() / 1_000;
			const byDefault = rtoMaxMs === RTO_MAX_MS ? took : model;
			claim('KH-pacing1', atOnce && silent && stays === 'FIN-WAIT-2' && byDefault > 300 && byDefault < 360, {
				holds:
					'The kernel goes on for a socket that no process holds (an orphan), but not for ever: once the wait ' +
					'between two probes has grown to the longest, it gives up without a segment (tcp_probe_timer, ' +
					`tcp_orphan_retries). With a longest of ${rtoMaxMs / 1_000} s (TCP_RTO_MAX, tcp_rto_max_ms) it took ` +
					`${took.toFixed(1)} s; the default, ${RTO_MAX_MS / 1_000} s, is ${model} s. kodos is in FIN-WAIT-2 only ` +
					'because it had sent a FIN of its own; else it stays in ESTAB.',
				differs: 'close blocked, or a FIN or RST was sent, or it takes another time.',
			});
		}
		expect(silent).toBe(true);

		step('kodos reads at last');
		await expect(kodos.recv()).toReturn(receiveQueue);
		// What it read opens its window; the update that says so meets nobody, and is answered by a RST.
		await expect(timeline).toShowSegment('> R');
		await expect(kodos.recv()).toFailWith('ECONNRESET');
		return (
			`${situation}: close returned after ${((close.event.took ?? Number.NaN) * 1_000).toFixed(0)} ms. After ` +
			`${timeline.probes('client').length} probes kang’s kernel threw ${sendQueue - 1} of ${written} bytes away ` +
			`and said nothing. kodos learns of it when it reads: ${kodos.process.results('read')}.`
		);
	},
);

scenario(
	'closed before a slow reader',
	{
		question:
			'kang closes while most of what it wrote still waits, and kodos reads on, but slowly. How much of it arrives?',
		claims: ['KH-pacing2'],
	},
	async ({ client, server, timeline, step, claim }) => {
		const { kang, kodos, written } = await fill(client, server);
		const room = await kodos.option('SO_RCVBUF');

		step('kang closes');
		await expect(kang.close()).toReturn(0);

		step('kodos reads, and reads on when it is full again');
		let text = '';
		const unread: number[] = [];
		const waiting: number[] = [];
		for (let meal = 0; meal < 3; meal++) {
			const { sendQueue } = await expect(client).toHaveSocket({ state: 'FIN-WAIT-1', timer: 'persist' });
			waiting.push(sendQueue);
			unread.push(written - (sendQueue - 1) - text.length);
			text += (await kodos.recv()).data;
		}
		await expect(timeline).toShowNoSegment('> F. sent');

		step('kodos reads the rest');
		text += await readAll(kodos);
		await expect(client).toHaveSocket({ state: 'FIN-WAIT-2' });
		const paced =
			waiting.every((bytes, meal) => meal === 0 || bytes < (waiting[meal - 1] ?? 0)) &&
			unread.every((bytes) => bytes > 0 && bytes <= room);
		claim('KH-pacing2', paced && text === story.slice(0, written), {
			holds:
				'close() hands the send buffer over to the kernel, which sends as the window allows, and the FIN stands ' +
				'behind the last byte (tcp_close_state, tcp_send_fin).',
			differs:
				'Something of what was written before the close did not arrive, or more was sent than kodos had room for.',
		});
		expect(paced).toBe(true);
		expect(text).toBe(story.slice(0, written));
		return (
			`All ${written} bytes. Each time kodos read, kang’s kernel sent a little: ${waiting.join(', ')} bytes ` +
			`waited. kodos’ reads give ${kodos.process.results('read')}.`
		);
	},
);

/** In seconds: the default, which is TIME-WAIT’s, too. */
const finTimeout = 60;

scenario(
	'read only after the close',
	{
		question:
			'kang closes while most of what it wrote still waits, and only then kodos begins to read. Where does the ' +
			'FIN come, and what is left of kang?',
		claims: ['KH-pacing3'],
		sysctls: { tcp_fin_timeout: finTimeout },
	},
	async ({ client, server, timeline, step, claim }) => {
		const { kang, kodos, written } = await fill(client, server);

		step('kang closes');
		await expect(kang.close()).toReturn(0);
		await expect(client).toHaveSocket({ state: 'FIN-WAIT-1', timer: 'persist' });
		await expect(timeline).toShowNoSegment('> F. sent');

		step('kodos reads');
		const text = await readAll(kodos);
		expect(text).toBe(story.slice(0, written));
		await expect(server).toHaveSocket({ state: 'CLOSE-WAIT' });
		const { timer } = await expect(client).toHaveSocket({
			state: 'FIN-WAIT-2',
			timer: 'timewait',
			timerLeft: { atMostMs: finTimeout * 1_000 },
		});
		await timeline.upToDate();
		const fins = timeline.segments('client').filter(({ flags }) => flags.includes('F'));
		const last = fins.at(-1);
		// SYN, the text, and then the FIN.
		const behindAll = last !== undefined && last.seq + last.length === 1 + written;
		const left = timer?.leftMs ?? Number.NaN;
		claim(
			'KH-pacing3',
			text === story.slice(0, written) && behindAll && left <= finTimeout * 1_000 && left > (finTimeout / 2) * 1_000,
			{
				holds:
					'The FIN has the number behind the last byte, so it leaves with it or after it (tcp_send_fin). Once ' +
					'acknowledged, kang’s socket is FIN-WAIT-2 without a process, for tcp_fin_timeout ' +
					'(tcp_rcv_state_process, tcp_time_wait).',
				differs: 'The rest was not delivered, or the FIN came before it, or FIN-WAIT-2 has another timer.',
			},
		);
		expect(behindAll).toBe(true);
		return (
			`Behind the last of ${written} bytes. kang’s socket is in FIN-WAIT-2 with ${(left / 1_000).toFixed(0)} s to ` +
			'go.'
		);
	},
);
