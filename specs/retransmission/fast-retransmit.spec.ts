/**
 * One data segment in the middle of a transfer is lost. How does the sender find out, and how soon does it send the
 * segment again? The receiver acknowledges each segment behind the hole at once, with the number of the hole
 * (RFC 5681, 4.2), and with SACK it says what it has (RFC 2018, 4). After three of these duplicate acknowledgements, the
 * sender does not wait for its timer (RFC 5681, 3.2). With fewer, RACK decides by time instead (RFC 8985, 6.2), which
 * needs SACK.
 */
import { expect, gapsBetween, isTimerOf, scenario } from '../../harness/index.ts';

/**
 * The segments before the hole, of one byte each. They are acknowledged first, so that the hole begins the next flight.
 * They are so small that they do not narrow the window: while the sender is still busy with `send`, its kernel merges
 * acknowledgements that differ in nothing else, and duplicates that are merged with one that acknowledges data or moves
 * the window do not count (tcp_add_backlog; tcp_ack, FLAG_NOT_DUP).
 */
const BEFORE = 2;

/** In the titles, `behind` is the number of segments behind the hole. tcp_recovery = 0 turns RACK off before 6.17. */
const rows = [
	{ behind: 7, sack: 1, recovery: 1, title: '7 segments behind it' },
	{ behind: 7, sack: 1, recovery: 0, title: '7 segments behind it, without RACK' },
	{ behind: 7, sack: 0, recovery: 1, title: '7 segments behind it, without SACK' },
	{ behind: 2, sack: 1, recovery: 1, title: '2 segments behind it' },
	{ behind: 2, sack: 1, recovery: 0, title: '2 segments behind it, without RACK' },
	{ behind: 2, sack: 0, recovery: 1, title: '2 segments behind it, without SACK' },
] as const;

scenario.each(rows)(
	'one segment lost: $title',
	({ behind, sack, recovery }) => ({
		question:
			`Of ${BEFORE + 1 + behind} segments, the third is lost, with tcp_sack = ${sack} and tcp_recovery = ${recovery}. ` +
			'What does the receiver tell, and what makes the sender repeat it?',
		sysctls: {
			tcp_sack: sack,
			tcp_recovery: recovery,
			// Without tail-loss probes, only the timer is left if nothing else finds the loss.
			tcp_early_retrans: 0,
			// Each segment behind the hole is acknowledged by itself: the kernel would combine all but the first three
			// (tcp_comp_sack_nr in __tcp_ack_snd_check).
			tcp_comp_sack_nr: 0,
		},
	}),
	async ({ client, server, link, timeline }, { behind, sack, recovery }) => {
		const listener = await (await server.socket()).listen(8080);
		const writer = await client.socket();
		await writer.connect(server.port(8080));
		const reader = await listener.accept();
		const { snd_mss: mss, rto } = await writer.info();

		await link.loss({ name: 'hole', from: 'client', length: { atLeast: 1 }, nth: BEFORE + 1 });
		// A flight fits into the initial window of ten segments (TCP_INIT_CWND; RFC 6928), so its segments leave together.
		for (const bytes of [...Array<number>(BEFORE).fill(1), (1 + behind) * mss]) {
			await expect(writer.send('x'.repeat(bytes))).toReturn(bytes);
			await expect(reader.recv(bytes, 'MSG_WAITALL')).toReturn(bytes);
			await expect(client).toHaveSocket({ state: 'ESTAB', sendQueue: 0, timer: 'none' });
		}
		const counted = await client.counters();
		await timeline.upToDate();

		const sent = timeline.segments('client').filter(({ length }) => length > 0);
		const [lost, ...otherLost] = sent.filter(({ by }) => by === 'hole');
		expect({ seq: lost?.seq, otherLost }).toEqual({ seq: 1 + BEFORE, otherLost: [] });
		const hole = lost?.seq ?? Number.NaN;
		const [again, ...moreOften] = sent.filter(({ seq, retransmission }) => seq === hole && retransmission);
		// Nothing else was sent twice.
		expect(sent.filter(({ retransmission }) => retransmission)).toEqual([again]);
		expect(moreOften).toEqual([]);

		// RFC 5681, 4.2: a segment out of order is acknowledged immediately. RFC 2018, 4: the first block has the segment
		// that caused this acknowledgement, and what is contiguous with it.
		const acks = timeline.segments('server').filter(({ ack, flags }) => ack === hole && flags === '.');
		const duplicates = acks.filter(({ t }) => t > (lost?.t ?? Number.NaN));
		const block = (count: number) => ({ from: hole + mss, to: hole + mss * (1 + count) });
		expect(duplicates.length).toBe(behind);
		expect(duplicates.map(({ options }) => options?.sack ?? [])).toEqual(
			duplicates.map((_, index) => (sack ? [block(index + 1)] : [])),
		);

		// Before 6.17, tcp_recovery = 0 turns RACK off. Later kernels have nothing else (1c120191dcec: RFC 6675 removed).
		const hasRack = recovery === 1 || client.kernelIsAtLeast('6.17');
		// tcp_newreno_mark_lost and, before 6.17, tcp_time_to_recover: lost if three segments behind it have arrived
		// (tcp_reordering). RACK then waits no longer (tcp_rack_reo_wnd), and otherwise for a part of the round-trip time
		// (tcp_rack_reo_timeout).
		const isFast = behind >= 3 || (sack === 1 && hasRack);
		expect(counted).toMatchObject({
			TcpExtTCPSackRecovery: isFast ? sack : 0,
			TcpExtTCPRenoRecovery: isFast ? 1 - sack : 0,
			TcpExtTCPFastRetrans: isFast ? 1 : 0,
			TcpExtTCPTimeouts: isFast ? 0 : 1,
		});
		const known = duplicates.filter(({ arrived }) => (arrived ?? Number.NaN) < (again?.t ?? Number.NaN)).length;
		expect(known).toBeGreaterThanOrEqual(isFast ? (behind >= 3 ? 3 : 1) : behind);
		const [waitedMs = Number.NaN] = gapsBetween([lost ?? { t: Number.NaN }, again ?? { t: Number.NaN }]);
		if (!isFast) expect({ waitedMs, rto, isTimer: isTimerOf(waitedMs, rto / 1_000) }).toMatchObject({ isTimer: true });

		const told = sack ? `that it has ${behind} segments behind the hole (SACK)` : 'only the number of the hole';
		return (
			`The receiver tells ${told}, in ${behind} duplicate acknowledgements. ` +
			(isFast
				? `The sender repeats it ${behind >= 3 ? 'when at least three have arrived' : 'before that, by time (RACK)'}, without a timeout.`
				: `That is too few: the sender waits for its timer, ${waitedMs.toFixed(0)} ms.`)
		);
	},
);
