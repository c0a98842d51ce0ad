import { describe, expect, test } from '@jest/globals';
import type { EventOf, HostName } from '../../timeline/events.ts';
import type { TimelineFile } from '../../timeline/timeline-file.ts';
import { TimelineBuilder } from './fixtures/builder.ts';
import { drawSvg, drawText, type EventRow, layOut, renderLadder } from './index.ts';

const build = (builder: TimelineBuilder) => builder.build({ scenario: 'a timeline' });
const drawn = (builder: TimelineBuilder) => renderLadder(build(builder)).replace(/[\s│]+/g, ' ');
const eventRows = (builder: TimelineBuilder) =>
	layOut(build(builder)).rows.filter((row): row is EventRow => row.kind === 'events');
const marks = (builder: TimelineBuilder, host: HostName) =>
	eventRows(builder).flatMap((row) => row.marks[host].map(({ head, detail, tail }) => `${head}${detail}${tail}`));

function pictures(timeline: TimelineFile): { text: string; svg: string } {
	const ladder = layOut(timeline);
	return { text: drawText(ladder), svg: drawSvg(ladder) };
}

const endpoint = (address: string, port: number) => ({ address, port });

describe('a packet', () => {
	test('on loopback is drawn at its host, and never on the wire', () => {
		const own = { link: 'loopback' as const, from: endpoint('10.77.1.3', 40_000), to: endpoint('10.77.1.3', 9000) };
		const builder = new TimelineBuilder()
			.segment(1, 'server', 'S', own)
			.segment(1.1, 'server', 'S.', { ...own, from: own.to, to: own.from, ack: 1 })
			.segment(1.2, 'server', 'P.', { ...own, seq: 1, length: 5 });
		expect(marks(builder, 'server')).toEqual(['↺ S 40000→9000', '↺ S. 9000→40000', '↺ P. seq 1 len 5 40000→9000']);
		expect(eventRows(builder).filter(({ wire }) => wire !== undefined)).toEqual([]);
	});

	test('that a firewall sent in the name of the other host is marked as the firewall’s', () => {
		const forged = {
			origin: 'firewall' as const,
			from: endpoint('10.77.1.3', 8080),
			to: endpoint('10.77.1.2', 49_152),
		};
		const builder = new TimelineBuilder()
			.segment(1, 'client', 'S', { fate: 'dropped', by: 'client: reject' })
			.segment(1.0001, 'client', 'R.', { ...forged, link: 'loopback', ack: 1 });
		expect(marks(builder, 'client')).toEqual(['↺ R. 8080→49152, made by the client’s firewall']);
		expect(drawn(builder)).toContain('S ───');
		// Over the wire, the server's firewall answers for the server.
		expect(drawn(new TimelineBuilder().segment(1, 'server', 'R.', { ...forged, ack: 1 }))).toContain(
			'made by the server’s firewall',
		);
	});

	test('of ICMP is an arrow with its name and what it quotes', () => {
		const builder = new TimelineBuilder()
			.segment(1, 'client', 'P.', { seq: 1, length: 5, fate: 'dropped', by: 'server: reject' })
			.icmp(1.0001, 'server', 'host-unreachable', {
				quotes: { from: endpoint('10.77.1.2', 49_152), to: endpoint('10.77.1.3', 8080), seq: 1 },
			});
		expect(drawn(builder)).toMatch(/◀─+ ICMP host-unreachable ─+┤ .*quotes seq 1/);
		const tooBig = new TimelineBuilder().icmp(1, 'server', 'fragmentation-needed', { mtu: 1300 });
		expect(drawn(tooBig)).toContain('MTU 1300');
	});

	test('that the wire changed says what was done to it, and by which fault', () => {
		const changes = [
			{ by: 'hold-1', what: 'held' as const, t: 1, until: 2.5 },
			{ by: 'reorder-1', what: 'reordered' as const, t: 2.5, until: 2.512, overtakenBy: 2 },
			{ by: 'duplicate-1', what: 'duplicated' as const, t: 2.6 },
		];
		const builder = new TimelineBuilder()
			.segment(1, 'client', 'P.', { seq: 1, length: 5 })
			.segment(1.1, 'client', 'P.', { seq: 6, length: 5, changes });
		const remarks = eventRows(builder).map(({ wire }) => wire?.remarks);
		// The second is not drawn as a repetition of the first.
		expect(remarks).toEqual([
			[],
			[
				'held by hold-1 for 1.5 s',
				'overtaken by 2 because of reorder-1 for 12 ms',
				'duplicated by duplicate-1, the copy did not arrive',
			],
		]);
		const corrupted = { by: 'corrupt-1', what: 'corrupted' as const, t: 1 };
		const lost = { fate: 'dropped' as const, by: 'corrupt-1', arrived: 1.1, changes: [corrupted] };
		const text = drawn(new TimelineBuilder().segment(1, 'client', 'P.', { seq: 1, length: 5, ...lost }));
		expect(text).toMatch(/a bit flipped by corrupt-1, dropped by corrupt-1/);
	});

	test('that a third party sent is marked as injected', () => {
		const builder = new TimelineBuilder().segment(1, 'server', 'R', { origin: 'injected' });
		expect(drawn(builder)).toContain('injected');
	});

	test('with an unknown fate names the observer that had failed', () => {
		const builder = new TimelineBuilder().segment(1, 'client', 'P.', {
			seq: 1,
			length: 5,
			fate: 'unknown',
			by: 'capture',
		});
		expect(drawn(builder)).toMatch(/P\. seq 1 len 5 ─+\? .*fate unknown: capture had failed/);
	});

	test('shows options only if they matter', () => {
		const options = { sack: [{ from: 11, to: 21 }], timestamp: { value: 1, echo: 2 } };
		const [row] = eventRows(new TimelineBuilder().segment(1, 'server', '.', { ack: 1, options }));
		expect(row?.wire?.remarks).toEqual(['SACK 11:21']);
		expect(row?.wire?.title).toContain('options: TS val 1 ecr 2, sack 11:21');
	});
});

test('the failure of an observer is a line across the picture, and so is its recovery', () => {
	const losses = [{ observer: 'capture', host: 'server' as const, what: 'tcpdump was killed', since: 2, until: 3 }];
	const timeline = new TimelineBuilder().step(1, 'before').step(4, 'after').build({ scenario: 'a', losses });
	const text = layOut(timeline).rows.flatMap((row) => (row.kind === 'lapse' ? [`${row.t} ${row.text}`] : []));
	expect(text).toEqual([
		'2 capture on the server failed: tcpdump was killed. Its events are missing from here on',
		'3 capture on the server works again',
	]);
});

describe('labels', () => {
	test('name the process if a peer has several', () => {
		const builder = new TimelineBuilder()
			.call(1, 'server', 'accept4', '5, {}, []', { peer: 'socat', pid: 10, fd: 5, returned: 6, took: 0.5 })
			.call(2, 'server', 'recvfrom', '6<TCP:[1]>, "hi", 9', { peer: 'socat', pid: 11, fd: 6, returned: 2, took: 0 })
			.call(3, 'server', 'close', '6<TCP:[1]>', { peer: 'socat', pid: 10, fd: 6, returned: 0, took: 0 });
		expect(marks(builder, 'server')).toEqual([
			'socat: accept4(5) …',
			'… socat: accept4 = 6',
			'socat[2]: recvfrom(6, "hi") = 2',
			'socat: close(6) = 0',
		]);
	});

	test('number threads only if several block at once', () => {
		const read = (t: number, tid: number) => ({ t, tid, took: 1 });
		const drawnBy = (...calls: { t: number; tid: number; took: number }[]) => {
			const builder = new TimelineBuilder();
			for (const { t, ...extras } of calls)
				builder.call(t, 'client', 'recvfrom', '3<TCP:[1]>, "x", 9', { fd: 3, returned: 1, ...extras });
			return marks(builder, 'client').filter((text) => text.endsWith('…'));
		};
		expect(drawnBy(read(1, 7), read(3, 8))).toEqual(['recvfrom(3) …', 'recvfrom(3) …']);
		expect(drawnBy(read(1, 7), read(1.5, 8))).toEqual(['dnc: recvfrom(3) …', 'dnc/2: recvfrom(3) …']);
	});

	test('name the socket of a state, an error, a reset and a sample if there are several', () => {
		const ends = { boot: 1, local: endpoint('10.77.1.2', 50_000), remote: endpoint('10.77.1.3', 8080) };
		const row = { state: 'CLOSE-WAIT', receiveQueue: 0, sendQueue: 0, details: '', ...ends };
		const builder = new TimelineBuilder()
			.segment(0, 'client', 'S')
			.segment(1, 'client', 'S', { from: ends.local })
			.event({ kind: 'state', t: 2, host: 'client', ...ends, from: 'ESTAB', to: 'CLOSED', how: 'sampled' })
			.event({ kind: 'error', t: 3, host: 'client', errno: 'ECONNRESET', source: 'kernel', ...ends })
			.event({ kind: 'reset', t: 4, host: 'client', ...ends, direction: 'sent', reason: 'NO_SOCKET' })
			.event({ kind: 'sockets', t: 5, host: 'client', boot: 1, rows: [row] })
			.event({
				kind: 'state',
				t: 6,
				host: 'client',
				...ends,
				remote: endpoint('0.0.0.0', 0),
				from: 'CLOSED',
				to: 'LISTEN',
				how: 'traced',
			});
		expect(marks(builder, 'client')).toEqual([
			'#2 [CLOSED]*',
			'#2 kernel: ECONNRESET',
			'#2 resets: NO_SOCKET',
			'ss: #2 CLOSE-WAIT',
			':50000 [LISTEN]',
		]);
	});
});

describe('a call', () => {
	test('that blocked briefly ends after what it waited for', () => {
		const builder = new TimelineBuilder()
			.call(1, 'server', 'accept4', '3, {sin_port=htons(49152)}, [16]', { fd: 3, returned: 4, took: 0.05 })
			.segment(1.049, 'client', 'S')
			.segment(1.0491, 'server', 'S.', { ack: 1 })
			.segment(1.0492, 'client', '.', { seq: 1, ack: 1 });
		expect(marks(builder, 'server')).toEqual(['accept4(3) …', '… accept4 = 4']);
		expect(eventRows(builder).map(({ wire, marks: { server } }) => [wire?.name, server.length])).toEqual([
			[undefined, 1],
			['S', 0],
			['S.', 0],
			['.', 1],
		]);
	});

	test('whose recorded end is too early also ends after what it waited for', () => {
		const socket = {
			family: 'IPv4' as const,
			local: endpoint('10.77.1.2', 49_152),
			remote: endpoint('10.77.1.3', 8080),
		};
		const builder = new TimelineBuilder()
			.call(1, 'client', 'connect', '3, {sin_port=htons(8080)}, 16', { fd: 3, returned: 0, took: 0.001, socket })
			.segment(1.005, 'client', 'S')
			.segment(1.0051, 'server', 'S.', { ack: 1 });
		expect(
			eventRows(builder).map(({ wire, marks: { client } }) => [wire?.name, client.map(({ head }) => head)]),
		).toEqual([
			[undefined, ['connect(']],
			['S', []],
			['S.', ['… connect']],
		]);
	});

	test('during which nothing happened is one line', () => {
		const builder = new TimelineBuilder().call(1, 'client', 'recvfrom', '3<TCP:[1]>, "x", 9', {
			fd: 3,
			returned: 1,
			took: 0.05,
		});
		expect(marks(builder, 'client')).toEqual(['recvfrom(3, "x") = 1']);
	});

	test('is beside the first of the segments that it sent', () => {
		const builder = new TimelineBuilder()
			.call(1, 'client', 'write', '3<TCP:[1]>, "hi", 2', { fd: 3, returned: 2 })
			.segment(1.0001, 'client', '.', { seq: 1, length: 1448 })
			.segment(1.0002, 'client', 'P.', { seq: 1449, length: 100 });
		expect(eventRows(builder).map(({ marks: { client }, wire }) => [client.length, wire?.name])).toEqual([
			[1, '.'],
			[0, 'P.'],
		]);
	});
});

/**
 * Returns a timeline of a client that connects again and again. It is refused, except each hundredth time: then it is
 * accepted, and closes. Each time has seven or eight events.
 */
function reconnecting(times: number): TimelineBuilder {
	const builder = new TimelineBuilder().step(0, 'the client connects until it is told to stop');
	for (let turn = 0; turn < times; turn++) {
		const t = 0.001 + turn * 0.01;
		const from = endpoint('10.77.1.2', 20_000 + turn);
		const to = endpoint('10.77.1.3', 8080);
		const ends = { boot: 1, local: from, remote: to };
		const state = (at: number, before: string, after: string): EventOf<'state'> =>
			({ kind: 'state', t: at, host: 'client', ...ends, from: before, to: after, how: 'traced' }) as const;
		const connect = '3, {sa_family=AF_INET, sin_port=htons(8080)}, 16';
		const socket = { family: 'IPv4' as const, local: from, remote: to };
		const refused = turn % 100 !== 7;
		const outcome = refused ? { returned: -1, errno: 'ECONNREFUSED' } : { returned: 0 };
		builder
			.call(t, 'client', 'connect', connect, { fd: 3, took: 0.0005, socket, ...outcome })
			.event(state(t + 0.0001, 'CLOSED', 'SYN-SENT'))
			.segment(t + 0.0002, 'client', 'S', { from, to })
			.segment(t + 0.0003, 'server', refused ? 'R.' : 'S.', { from: to, to: from, ack: 1 })
			.event(state(t + 0.0004, 'SYN-SENT', refused ? 'CLOSED' : 'ESTAB'));
		if (refused)
			builder.event({
				kind: 'error',
				t: t + 0.000_45,
				host: 'client',
				errno: 'ECONNREFUSED',
				source: 'kernel',
				...ends,
			});
		builder.call(t + 0.001, 'client', 'close', '3<TCP:[1]>', { fd: 3, returned: 0, took: 0, socket });
		if (!refused)
			builder
				.segment(t + 0.0011, 'client', 'F.', { from, to, seq: 1, ack: 1 })
				.event(state(t + 0.0012, 'ESTAB', 'FIN-WAIT-1'));
	}
	return builder;
}

describe('a long timeline', () => {
	test('of connections that are alike shows one of each kind, and the number of the others', () => {
		const { rows, connections } = layOut(build(reconnecting(1_000)));
		const bundles = rows.flatMap((row) => (row.kind === 'bundle' ? [row] : []));
		expect(bundles.map(({ connections: folded, segments, text }) => [folded, segments, text])).toEqual([
			[
				989,
				1978,
				expect.stringMatching(
					/^989 more connections like #1, among #2 to #1000: 989 segments from the client, .*from 0\.011 s to 9\.992 s$/,
				),
			],
			[
				9,
				27,
				expect.stringMatching(
					/^9 more connections like #8, among #108 to #908: 18 segments from the client, 9 segments from the server/,
				),
			],
		]);
		expect(connections).toHaveLength(8);
		expect(connections.at(-1)).toBe('… #1000 client:20999 server:8080 (1000 connections)');
	});

	test('of 33,000 events has a ladder of at most 100 KB, as text and as SVG', () => {
		const timeline = build(reconnecting(4_700));
		expect(timeline.events.length).toBeGreaterThan(32_000);
		const { text, svg } = pictures(timeline);
		expect(Buffer.byteLength(text)).toBeLessThan(100_000);
		expect(Buffer.byteLength(svg)).toBeLessThan(100_000);
	});

	/**
	 * Returns a timeline with half as many acknowledgements as data segments. One in a hundred is lost, about one in a
	 * hundred is retransmitted, and nothing repeats exactly.
	 */
	function transfer(segments: number): TimelineFile {
		const builder = new TimelineBuilder();
		let seq = 1;
		for (let index = 0; index < segments; index++) {
			const t = index * 2e-5;
			if (index % 3 === 2) builder.segment(t, 'server', '.', { seq: 1, ack: seq });
			else {
				const lost = index % 100 === 1 ? ({ fate: 'dropped', by: 'client: drop 1 %' } as const) : {};
				builder.segment(t, 'client', index % 11 === 0 ? 'P.' : '.', {
					seq,
					ack: 1,
					length: 1448,
					retransmission: index % 97 === 0,
					...lost,
				});
				seq += 1448;
			}
		}
		return build(builder);
	}

	test('without repetitions is summarized in a picture of bounded size, and every segment is counted', () => {
		const timeline = transfer(20_000);
		const { text, svg } = pictures(timeline);
		expect(Buffer.byteLength(text)).toBeLessThan(100_000);
		expect(svg.length).toBeLessThan(100_000);
		const counted = layOut(timeline).rows.reduce(
			(sum, row) => sum + (row.kind === 'events' ? (row.wire?.times ?? 0) : 'segments' in row ? row.segments : 0),
			0,
		);
		expect(counted).toBe(20_000);
		const losses = layOut(timeline).rows.flatMap((row) =>
			row.kind === 'bundle' ? [/\d+ retransmissions, \d+ dropped by client: drop 1 %/.test(row.text)] : [],
		);
		expect(losses.filter(Boolean).length).toBeGreaterThan(2);
	});

	test('is laid out in a time that grows in proportion', () => {
		const cost = (timeline: TimelineFile) => {
			// Processor time, which does not depend on how busy the machine is.
			const before = process.cpuUsage();
			layOut(timeline);
			return process.cpuUsage(before).user;
		};
		const [some, many] = [transfer(5_000), transfer(40_000)];
		// The first run is slower, because code is compiled.
		layOut(some);
		expect(cost(many) / cost(some)).toBeLessThan(8 * 3);
	});
});
