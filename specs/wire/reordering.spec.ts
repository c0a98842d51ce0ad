/**
 * A segment is not lost, but others overtake it. What does the sender make of the duplicate acknowledgements that this
 * causes? With fewer than three, it waits (RFC 5681, 3.2). With three, RACK takes the segment for lost, unless it has
 * seen reordering on this connection before (RFC 8985, 6.2, step 4; tcp_rack_reo_wnd). Then it sends it again in vain,
 * is told so (D-SACK, RFC 2883), and takes back what it did to its congestion window.
 */
import { expect, type Link, type Socket, scenario, type Timeline } from '../../harness/index.ts';

/** How many segments overtake the first one of the second flight. */
const LATER = 5;
/** TCP_INFINITE_SSTHRESH (include/net/tcp.h): no congestion was seen so far. */
const NO_CONGESTION = 0x7fff_ffff;

/**
 * `by` is the number of segments that overtake the first one of a connection. tcp_reordering is 3 by default, and
 * tcp_timestamps 1.
 */
const rows = [
	{ by: 1, reordering: 3, timestamps: 1, title: 'by one', claims: [] },
	{ by: 2, reordering: 3, timestamps: 1, title: 'by two', claims: ['WI-order1', 'WI-order2'] },
	{ by: 3, reordering: 3, timestamps: 1, title: 'by three', claims: ['WI-order3', 'WI-order4', 'WI-order5'] },
	{ by: 3, reordering: 3, timestamps: 0, title: 'by three, without timestamps', claims: ['WI-order6'] },
	{ by: 5, reordering: 3, timestamps: 1, title: 'by five', claims: [] },
	{ by: 5, reordering: 6, timestamps: 1, title: 'by five, with tcp_reordering = 6', claims: ['WI-order7'] },
] as const;

scenario.each(rows)(
	'reordering: a segment is overtaken $title',
	({ by, reordering, timestamps, claims }) => ({
		question:
			`The first of ${1 + by} segments is overtaken by the others, with tcp_reordering = ${reordering} and ` +
			`tcp_timestamps = ${timestamps}; later, another is overtaken by ${LATER}. Which are sent again?`,
		claims,
		sysctls: {
			tcp_reordering: reordering,
			tcp_timestamps: timestamps,
			// Without tail-loss probes, nothing but reordering makes the sender repeat anything.
			tcp_early_retrans: 0,
			// Each segment out of order is acknowledged by itself (tcp_comp_sack_nr in __tcp_ack_snd_check).
			tcp_comp_sack_nr: 0,
		},
	}),
	async ({ client, server, link, timeline, claim }, { by, reordering, timestamps, claims }) => {
		// The acknowledgements are held for a while, and the timer must not expire meanwhile. Only since 6.11 can it be
		// made longer.
		if (client.hasSysctl('tcp_rto_min_us')) await client.sysctl({ tcp_rto_min_us: 60_000_000 });
		const listener = await (await server.socket()).listen(8080);
		const writer = await client.socket();
		// Also the SYN-ACK, so that all round trips are long: RACK waits for a quarter of the shortest one, and this must be
		// longer than the time between two segments of a flight.
		const acks = await link.hold({ name: 'acks', from: 'server', sourcePort: 8080 });
		const connect = writer.connect(server.port(8080));
		await acks.untilHeld(1);
		await acks.release();
		await connect;
		const reader = await listener.accept();
		const { snd_mss: mss, snd_cwnd: cwnd } = await writer.info();
		const path = { link, acks, timeline, writer, reader, mss };

		const first = await overtaken(path, 1, by);
		const counted = await client.counters();
		const second = await overtaken(path, 1 + (1 + by) * mss, LATER);
		await acks.heal();

		const isFast = by >= reordering;
		// tcp_rack_reo_wnd, `sacked_out >= reordering`.
		expect({ again: first.again.length, duplicates: first.duplicates.length }).toEqual({
			again: isFast ? 1 : 0,
			duplicates: by,
		});
		expect(counted).toMatchObject({ TcpExtTCPFastRetrans: isFast ? 1 : 0, TcpExtTCPTimeouts: 0 });
		// A segment that was sent again does not count as reordered when it is acknowledged (tcp_clean_rtx_queue), so the
		// sender learns only from what it has not repeated.
		expect(second.again.length).toBe(isFast ? 1 : 0);

		const [judged] = claims;
		const undone = { before: cwnd, after: first.after.snd_cwnd, ssthresh: first.after.snd_ssthresh };
		const isUndone = undone.after >= undone.before && undone.ssthresh === NO_CONGESTION;
		if (judged === 'WI-order1') {
			claim('WI-order1', first.again.length === 0, {
				holds: `${by} duplicate acknowledgements arrive, then one for everything; nothing was sent again.`,
				differs: 'The segment was sent again.',
			});
			claim('WI-order2', second.duplicates.length === LATER && second.again.length === 0, {
				holds:
					`After the first flight, ${LATER} duplicate acknowledgements do not count (tcp_rack_reo_wnd, reord_seen): RACK ` +
					'waits for a part of the round-trip time, and the segment arrives before that.',
				differs: 'The second segment that was overtaken was sent again.',
			});
		}
		if (judged === 'WI-order3') {
			const [again] = first.again;
			const known = first.duplicates.filter(({ arrived }) => (arrived ?? Number.NaN) < (again?.t ?? 0)).length;
			claim('WI-order3', first.again.length === 1 && known >= 3, {
				holds:
					'RACK takes a segment for lost when as many as tcp_reordering behind it have arrived (tcp_rack_reo_wnd).',
				differs: `${known} duplicate acknowledgements had arrived before it was sent again.`,
			});
			const told = first.dsacks.map(({ ack, options }) => ({ ack, block: options?.sack?.[0] }));
			const expected = [{ ack: 1 + (1 + by) * mss, block: { from: 1, to: 1 + mss } }];
			claim('WI-order4', JSON.stringify(told) === JSON.stringify(expected) && counted.TcpExtTCPDSACKRecv === 1, {
				holds: 'The block has the numbers of the copy, which lie below the acknowledgement (tcp_dsack_set).',
				differs: `The receiver told ${JSON.stringify(told)}.`,
			});
			claim(
				'WI-order5',
				isUndone && first.beforeDsack.snd_ssthresh === NO_CONGESTION && counted.TcpExtTCPFullUndo === 1,
				{
					holds:
						'The acknowledgement echoes a timestamp that is older than the copy, so it is for the original ' +
						`(tcp_packet_delayed). The window of ${cwnd} segments is back before the D-SACK arrives.`,
					differs: `Before it was ${cwnd}; after all acknowledgements, ${JSON.stringify(undone)}.`,
				},
			);
		}
		if (judged === 'WI-order6') {
			const halved = first.beforeDsack;
			claim('WI-order6', isUndone && halved.snd_ssthresh === cwnd / 2, {
				holds:
					`The threshold was ${halved.snd_ssthresh} until the D-SACK arrived (tcp_try_undo_dsack), and the window is ` +
					`${undone.after} again.`,
				differs: `Before the D-SACK ${JSON.stringify(halved)}; after it ${JSON.stringify(undone)}.`,
			});
		}
		if (judged === 'WI-order7') {
			claim('WI-order7', first.duplicates.length === by && first.again.length === 0, {
				holds: `${by} duplicate acknowledgements are fewer than ${reordering}, and nothing was sent again.`,
				differs: 'The segment was sent again.',
			});
		}
		return isFast
			? 'Both, in vain: each had arrived before its copy. The sender takes the reduction of its window back, by ' +
					`${timestamps ? 'the timestamps' : 'D-SACK'}, but does not learn that this wire reorders.`
			: `None. The sender has seen reordering, and so ${LATER} duplicate acknowledgements do not mislead it later.`;
	},
);

interface Path {
	readonly link: Link;
	/** Holds what the server sends. */
	readonly acks: Awaited<ReturnType<Link['hold']>>;
	readonly timeline: Timeline;
	readonly writer: Socket;
	readonly reader: Socket;
	readonly mss: number;
}

/**
 * Sends a flight of 1 + `by` segments, the first of which has this sequence number and is overtaken by all others.
 * Releases the acknowledgements together, and then those of copies. Returns what was sent, and TCP_INFO of the sender
 * before and after it has seen a D-SACK.
 */
async function overtaken({ link, acks, timeline, writer, reader, mss }: Path, seq: number, by: number) {
	const reorder = await link.reorder({ from: 'client', length: { atLeast: 1 }, nth: 1, by, atMostMs: 10_000 });
	const bytes = (1 + by) * mss;
	// It fits into the initial window of ten segments (TCP_INIT_CWND; RFC 6928).
	await expect(writer.send('x'.repeat(bytes))).toReturn(bytes);
	await expect(reader.recv(bytes, 'MSG_WAITALL')).toReturn(bytes);
	// Each segment out of order is acknowledged at once, and the one that fills the gap, too (RFC 5681, 4.2).
	await acks.untilHeld(by + 1);
	await acks.release();
	await timeline.upToDate();
	const again = () => timeline.segments('client').filter((sent) => sent.seq === seq && sent.retransmission);
	if (again().length > 0) await acks.untilHeld(1);
	const beforeDsack = await writer.info();
	await acks.release();
	await timeline.upToDate();
	await reorder.heal();
	const answers = timeline.segments('server').filter(({ length }) => length === 0);
	return {
		again: again(),
		duplicates: answers.filter(({ ack, options }) => ack === seq && options?.sack),
		dsacks: answers.filter(({ ack, options }) => ack === seq + bytes && options?.sack),
		beforeDsack,
		after: await writer.info(),
	};
}
