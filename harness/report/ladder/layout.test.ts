import { describe, expect, test } from '@jest/globals';
import { TimelineBuilder } from './fixtures/builder.ts';
import { type EventRow, type LadderRow, layOut, renderLadder } from './index.ts';

function rowsOf(timeline: TimelineBuilder): readonly LadderRow[] {
	return layOut(timeline.build({ scenario: 'a timeline' })).rows;
}

function eventRows(timeline: TimelineBuilder): EventRow[] {
	return rowsOf(timeline).filter((row) => row.kind === 'events');
}

const text = (row: EventRow | undefined, side: 'client' | 'server') =>
	row?.marks[side].map(({ head, detail, tail }) => `${head}${detail}${tail}`);

describe('one moment', () => {
	test('has a call, the segment that it sent, and its effect in one row', () => {
		const rows = eventRows(
			new TimelineBuilder()
				.call(1, 'client', 'write', '3<TCP:[1]>, "hi", 2', { fd: 3, returned: 2 })
				.segment(1.0001, 'client', 'P.', { seq: 1, length: 2 })
				.call(1.0003, 'server', 'read', '4<TCP:[1]>, "hi", 99', { fd: 4, returned: 2 }),
		);
		expect(rows).toHaveLength(1);
		expect(text(rows[0], 'client')).toEqual(['write(3, "hi") = 2']);
		expect(text(rows[0], 'server')).toEqual(['read(4, "hi") = 2']);
	});

	test('moves a call to the row of the segment that it sent', () => {
		const rows = eventRows(
			new TimelineBuilder()
				.segment(1, 'server', 'F.', { seq: 1 })
				.call(1.0001, 'client', 'read', '3<TCP:[1]>, "", 99', { fd: 3, returned: 0 })
				.call(1.0002, 'client', 'close', '3<TCP:[1]>', { fd: 3, returned: 0 })
				.state(1.0003, 'client', 'CLOSE-WAIT', 'LAST-ACK')
				.segment(1.0004, 'client', 'F.', { seq: 1 }),
		);
		expect(rows.map((row) => [row.wire?.from, text(row, 'client')])).toEqual([
			['server', ['read(3) = 0']],
			['client', ['close(3) = 0', '[LAST-ACK]']],
		]);
	});

	test('does not draw an effect beside a later cause', () => {
		const rows = eventRows(new TimelineBuilder().state(1, 'server', 'CLOSED', 'LISTEN').segment(1.001, 'client', 'S'));
		expect(rows).toHaveLength(2);
	});
});

describe('folding', () => {
	test('counts retransmissions in one arrow', () => {
		const timeline = new TimelineBuilder().segment(1, 'client', 'P.', { seq: 1, length: 5, fate: 'unobserved' });
		for (let t = 2; t <= 64; t *= 2) {
			timeline.segment(t, 'client', 'P.', { seq: 1, length: 5, fate: 'unobserved', retransmission: true });
			timeline.sockets(t + 0.1, 'client', {
				state: 'ESTAB',
				sendQueue: 5,
				timer: { name: 'on', leftMs: 100, count: t },
			});
		}
		const arrows = eventRows(timeline).flatMap(({ wire }) => wire ?? []);
		expect(arrows.map(({ times, retransmission }) => [times, retransmission])).toEqual([
			[1, false],
			[1, true],
			[5, true],
		]);
	});

	test('keeps the first turn of a cycle, and counts the others', () => {
		const timeline = new TimelineBuilder();
		for (let turn = 0; turn < 9; turn++)
			timeline.segment(turn * 5, 'client', '.', { seq: 0 }).segment(turn * 5 + 0.0001, 'server', '.', { ack: 1 });
		const rows = rowsOf(timeline);
		expect(rows.map(({ kind }) => kind)).toEqual(['events', 'events', 'wait', 'repeat']);
		expect(rows.at(-1)).toMatchObject({ times: 8, rows: 2, segments: 16, until: 40.0001 });
	});

	test('never folds a fault', () => {
		const timeline = new TimelineBuilder();
		for (let turn = 0; turn < 5; turn++)
			timeline.fault(turn, 'server', 'injected', 'server: cut').fault(turn + 0.5, 'server', 'healed', 'server: cut');
		expect(rowsOf(timeline).filter(({ kind }) => kind === 'fault')).toHaveLength(10);
	});

	test('draws a time without events as a wait', () => {
		const rows = rowsOf(new TimelineBuilder().step(1, 'before').step(13.4, 'after').step(14, 'soon after'));
		expect(rows.map((row) => (row.kind === 'wait' ? row.seconds.toFixed(1) : row.kind))).toEqual([
			'step',
			'12.4',
			'step',
			'step',
		]);
	});
});

describe('calls', () => {
	const drawn = (timeline: TimelineBuilder) => eventRows(timeline).flatMap((row) => text(row, 'client') ?? []);

	test('that blocked are drawn at their beginning and at their return', () => {
		const timeline = new TimelineBuilder()
			.call(1, 'client', 'recvfrom', '3<TCP:[1]>, "", 99, 0, NULL, NULL', {
				fd: 3,
				errno: 'ETIMEDOUT',
				returned: -1,
				took: 13,
			})
			.call(20, 'client', 'recvfrom', '3<TCP:[1]>, ', { fd: 3 });
		expect(drawn(timeline)).toEqual(['recvfrom(3) …', '… recvfrom = ETIMEDOUT', 'recvfrom(3) …']);
	});

	test('that only prepare, or are not on sockets, are left out', () => {
		const timeline = new TimelineBuilder()
			.call(1, 'client', 'read', '3</lib/libc.so>, "ELF", 99', { fd: 3, returned: 99 })
			.call(2, 'client', 'socket', 'AF_INET, SOCK_STREAM, IPPROTO_IP', { returned: 3, result: 'TCP:[1]' })
			.call(4, 'client', 'write', '1, "out", 3', { fd: 1, returned: 3 })
			.call(5, 'client', 'setsockopt', '3<TCP:[1]>, SOL_SOCKET, SO_KEEPALIVE, [1], 4', { fd: 3, returned: 0 })
			.call(6, 'client', 'read', '5<TCP:[1]>, 0x1, 99', { fd: 5, errno: 'EAGAIN', returned: -1 })
			.call(7, 'client', 'poll', '[{fd=3, events=POLLIN}], 1, 50', { returned: 0, took: 0.05 });
		expect(drawn(timeline)).toEqual([]);
	});

	test('that only prepare are drawn if they failed', () => {
		const timeline = new TimelineBuilder().call(1, 'client', 'bind', '3, {sa_family=AF_INET, sin_port=htons(80)}, 16', {
			fd: 3,
			errno: 'EACCES',
			returned: -1,
		});
		expect(drawn(timeline)).toEqual(['bind(3, :80) = EACCES']);
	});

	test('are recognized as calls on a socket by earlier calls', () => {
		const timeline = new TimelineBuilder()
			.call(1, 'client', 'read', '18</tmp/file>, "file", 99', { fd: 18, returned: 4 })
			.call(2, 'client', 'socket', 'AF_INET, SOCK_STREAM|SOCK_NONBLOCK, IPPROTO_IP', {
				returned: 18,
				result: 'TCP:[1]',
			})
			.call(3, 'client', 'connect', '18<TCP:[1]>, {sa_family=AF_INET, sin_port=htons(8080)}, 16', {
				fd: 18,
				errno: 'EINPROGRESS',
				returned: -1,
			})
			.call(
				4,
				'client',
				'epoll_wait',
				'13<anon_inode:[eventpoll]>, [{events=EPOLLIN, data={u32=18, u64=18}}], 1024, -1',
				{
					fd: 13,
					returned: 1,
					took: 0.5,
				},
			)
			.call(5, 'client', 'read', '18<TCP:[1]>, "net", 99', { fd: 18, returned: 3 })
			.call(6, 'client', 'close', '18<TCP:[1]>', { fd: 18, returned: 0 })
			.call(7, 'client', 'read', '18</tmp/file>, "file", 99', { fd: 18, returned: 4 });
		expect(drawn(timeline)).toEqual([
			'connect(18, :8080) = EINPROGRESS',
			'epoll_wait(13) …',
			'… epoll_wait = 18:EPOLLIN',
			'read(18, "net") = 3',
			'close(18) = 0',
		]);
	});
});

describe('marks', () => {
	test('do not include leftovers of an earlier boot', () => {
		const left = new TimelineBuilder().state(3, 'server', 'FIN-WAIT-1', 'CLOSED').build({ scenario: '' }).events;
		const timeline = new TimelineBuilder()
			.boots('server')
			.state(2, 'server', 'CLOSED', 'LISTEN')
			.build({ scenario: '' });
		const { rows } = layOut({ ...timeline, events: [...timeline.events, ...left] });
		expect(rows.map((row) => row.kind === 'events' && text(row, 'server'))).toEqual([['[LISTEN]']]);
	});

	test('do not include ghosts', () => {
		const timeline = new TimelineBuilder().state(1, 'server', 'ESTAB', 'FIN-WAIT-1').build({ scenario: '' });
		const ghosts = timeline.events.map((event) => ({ ...event, ghost: true }));
		expect(layOut({ ...timeline, events: ghosts }).rows).toEqual([]);
	});

	test('name the connection if there are several', () => {
		const one = new TimelineBuilder()
			.segment(1, 'client', 'S')
			.state(1.001, 'server', 'LISTEN', 'SYN-RECV')
			.build({ scenario: 'two' });
		const other = structuredClone(one.events).map((event) => {
			if (event.kind === 'segment') event.from.port = 50_000;
			if (event.kind === 'state') event.remote.port = 50_000;
			return { ...event, t: event.t + 0.1 };
		});
		const drawn = renderLadder({ ...one, events: [...one.events, ...other] }, { width: 100 });
		expect(drawn).toContain('#1 client:49152 server:8080 · #2 client:50000 server:8080');
		expect(drawn).toMatch(/─ #2 S ─+▶│ #2 \[SYN-RECV\]/);
	});

	test('of sampled states have an asterisk', () => {
		const drawn = renderLadder(
			new TimelineBuilder().state(1, 'client', 'FIN-WAIT-2', 'TIME-WAIT', 'sampled').build({ scenario: 'a' }),
		);
		expect(drawn).toContain('[TIME-WAIT]* │');
		expect(drawn).toContain('* sampled by ss');
	});

	test('of dropped segments have the text of the fault', () => {
		const words = 'server: drop in tcp --dport 8080';
		const timeline = new TimelineBuilder()
			.fault(1, 'server', 'injected', words)
			.segment(2, 'client', 'S', { fate: 'dropped', by: words });
		expect(renderLadder(timeline.build({ scenario: 'a' })).replace(/[\s│]+/g, ' ')).toMatch(
			/─ S ─+╳ dropped by server: drop in tcp --dport 8080/,
		);
	});
});
