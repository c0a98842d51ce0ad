import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { STATES } from '../tcp/states.ts';
import { parseSs } from './ss.ts';

/** Output of iproute2 6.15 about a Node process on kernel 6.18. `ss` itself pads the details. */
const REAL = `LISTEN     0      511              127.0.0.1:7001             0.0.0.0:*     ino:39907 sk:1032 cgroup:unreachable:47a <->
	 bbr cwnd:10                                                           \x20
ESTAB      0      0                127.0.0.1:33212          127.0.0.1:7000  timer:(keepalive,1min57sec,0) ino:39930 sk:1034 cgroup:unreachable:47a <->
	 ts sack bbr wscale:10,10 rto:204 rtt:0.039/0.019 mss:32741 send 67161bps
FIN-WAIT-2 0      0                127.0.0.1:33218          127.0.0.1:7000  ino:39933 sk:1035 cgroup:unreachable:47a <--
	 ts sack bbr wscale:10,10 rto:204
SYN-SENT   0      1                 10.8.8.1:58118          10.8.8.77:9999  timer:(on,096ms,3) ino:39935 sk:1038 cgroup:unreachable:47a <->
	 bbr rto:1000 mss:524 retrans:1/3 lost:1
ESTAB      0      3715584          127.0.0.1:57572          127.0.0.1:7001  timer:(persist,3.100sec,0) ino:39931 sk:1039 uid:1000 <->
	 ts sack bbr wscale:10,10 rto:208 backoff:4
TIME-WAIT  0      0                127.0.0.1:57580          127.0.0.1:7001  timer:(timewait,56sec,0) ino:0 sk:103a
	                                                                       \x20
LISTEN     0      511                      *:7000                   *:*     ino:39906 sk:1033 cgroup:unreachable:47a v6only:0 <->
	 bbr cwnd:10
CLOSE-WAIT 0      0       [::ffff:127.0.0.1]:7000  [::ffff:127.0.0.1]:33218 ino:40962 sk:103b cgroup:unreachable:47a -->
	 ts sack bbr
`;

const anyPort = fc.integer({ min: 1, max: 65535 });
const anyState = fc.constantFrom(...STATES.filter((state) => state !== 'CLOSED'));
const anyTimer = fc.record({
	name: fc.constantFrom('on', 'keepalive', 'timewait', 'persist'),
	ms: fc.nat(20 * 60_000),
	count: fc.nat(15),
});
const anySocket = fc.record({
	state: anyState,
	queues: fc.tuple(fc.nat(), fc.nat()),
	ports: fc.tuple(anyPort, anyPort),
	timer: fc.option(anyTimer),
	inode: fc.nat(),
});
type AnySocket = typeof anySocket extends fc.Arbitrary<infer T> ? T : never;

/** Formats a time like ss 6.1 and 6.15. Returns the text, and the time that is left after rounding. */
function printed(ms: number, style: '6.1' | '6.15'): { text: string; leftMs: number } {
	const minutes = Math.floor(ms / 60_000);
	const seconds = minutes > 9 ? 0 : Math.floor(ms / 1_000) % 60;
	const rest = minutes > 0 || seconds > 9 ? 0 : ms % 1_000;
	const unit =
		rest === 0 ? `${seconds}sec` : `${seconds}.${String(rest).padStart(3, '0')}${style === '6.1' ? 'ms' : 'sec'}`;
	const belowMinute = seconds > 0 ? unit : rest > 0 ? `${String(rest).padStart(3, '0')}ms` : '';
	return {
		text: `${minutes > 0 ? `${minutes}min` : ''}${belowMinute}`,
		leftMs: minutes * 60_000 + seconds * 1_000 + rest,
	};
}

function lineOf({ state, queues, ports, timer, inode }: AnySocket, separator: string): string {
	const timerText = timer ? ` timer:(${timer.name},${printed(timer.ms, '6.15').text},${timer.count})` : '';
	return (
		`${state.padEnd(10)} ${queues.join('      ')} 10.0.0.1:${ports[0]}   10.0.0.2:${ports[1]} ${timerText} ` +
		`ino:${inode} sk:1 <->${separator} cubic cwnd:10`
	);
}

/** Lines that are no sockets. They do not begin with whitespace, because an indented line belongs to the line above. */
const foreignLine = fc.string().map((text) => `! ${text.replaceAll(/[\r\n]/g, '')}`);

describe('parseSs', () => {
	test('parses the output of ss', () => {
		const { rows, unread } = parseSs(REAL);
		expect(unread).toEqual([]);
		expect(
			rows.map(
				({ state, local, remote }) => `${state} ${local.address}:${local.port} ${remote.address}:${remote.port}`,
			),
		).toEqual([
			'LISTEN 127.0.0.1:7001 0.0.0.0:0',
			'ESTAB 127.0.0.1:33212 127.0.0.1:7000',
			'FIN-WAIT-2 127.0.0.1:33218 127.0.0.1:7000',
			'SYN-SENT 10.8.8.1:58118 10.8.8.77:9999',
			'ESTAB 127.0.0.1:57572 127.0.0.1:7001',
			'TIME-WAIT 127.0.0.1:57580 127.0.0.1:7001',
			'LISTEN 0.0.0.0:7000 0.0.0.0:0',
			'CLOSE-WAIT 127.0.0.1:7000 127.0.0.1:33218',
		]);
		expect(rows[1]?.timer).toEqual({ name: 'keepalive', leftMs: 117_000, count: 0 });
		expect(rows[4]).toEqual({
			state: 'ESTAB',
			receiveQueue: 0,
			sendQueue: 3_715_584,
			local: { address: '127.0.0.1', port: 57572 },
			remote: { address: '127.0.0.1', port: 7001 },
			timer: { name: 'persist', leftMs: 3_100, count: 0 },
			inode: 39931,
			details: 'sk:1039 uid:1000 <-> ts sack bbr wscale:10,10 rto:208 backoff:4',
		});
		expect(rows[5]).toMatchObject({ inode: 0, details: 'sk:103a' });
		expect(rows[0]).not.toHaveProperty('timer');
	});

	test('parses the form with one line per socket to the same rows', () => {
		expect(parseSs(REAL.replaceAll('\n\t', ' '))).toEqual(parseSs(REAL));
	});

	test.each([
		['1min58sec', 118_000],
		['12min', 720_000],
		['59sec', 59_000],
		['1sec', 1_000],
		['204ms', 204],
		['004ms', 4],
		['3.100sec', 3_100],
		['3.100ms', 3_100],
		['1.020ms', 1_020],
		['1.2sec', 1_200],
		['', 0],
	])('a timer of %j has %d ms left', (text, leftMs) => {
		expect(parseSs(`ESTAB 0 0 1.2.3.4:1 5.6.7.8:2 timer:(on,${text},1)`).rows[0]?.timer).toEqual({
			name: 'on',
			leftMs,
			count: 1,
		});
	});

	test.each([
		['127.0.0.53%lo:53', '127.0.0.53', 53],
		['[::1]:80', '::1', 80],
		['[fe80::1]%eth0:80', 'fe80::1', 80],
		['[::ffff:1.2.3.4]:80', '1.2.3.4', 80],
		['[::]:22', '::', 22],
		['*:22', '0.0.0.0', 22],
	])('%s is %s port %d', (text, address, port) => {
		expect(parseSs(`LISTEN 0 1 ${text} *:*`).rows[0]?.local).toEqual({ address, port });
	});

	test.each([
		'State Recv-Q Send-Q Local Address:Port Peer Address:Port Process',
		'ESTAB 0 0 127.0.0.1:80',
		'ESTAB 0 0 127.0.0.1:http 127.0.0.1:2',
		'ESTAB 0 0 127.0.0.1:70000 127.0.0.1:2',
		'ESTAB 0 0 127.0.0.1:1 127.0.0.1:2 timer:(on,204',
		'Failed to find cgroup2 mount',
		'\t bbr cwnd:10',
	])('%j is unread', (line) => {
		expect(parseSs(`${line}\n`)).toEqual({ rows: [], unread: [line] });
	});

	test('details below a line that cannot be parsed are unread, too, and affect no other socket', () => {
		const { rows, unread } = parseSs('ESTAB 0 0 nonsense\n\t bbr cwnd:10\nESTAB 0 0 1.2.3.4:1 1.2.3.4:2\n\t cubic\n');
		expect(rows.map((row) => row.details)).toEqual(['cubic']);
		expect(unread).toEqual(['ESTAB 0 0 nonsense', '\t bbr cwnd:10']);
	});

	test('never throws, and loses no foreign line', () => {
		fc.assert(
			fc.property(fc.string({ unit: 'binary', maxLength: 400 }), (text) => {
				const { rows, unread } = parseSs(text);
				const lines = text.split(/\r?\n/).filter((line) => line.trim() !== '');
				expect(rows.length > 0 || unread.length === lines.length).toBe(true);
			}),
		);
	});

	test('parses every socket, with foreign lines in between', () => {
		fc.assert(
			fc.property(
				fc.array(fc.tuple(anySocket, fc.array(foreignLine, { maxLength: 2 })), { maxLength: 10 }),
				fc.constantFrom('\n\t', ' '),
				(sockets, separator) => {
					const text = sockets
						.map(([socket, foreign]) => [lineOf(socket, separator), ...foreign].join('\n'))
						.join('\n');
					const { rows, unread } = parseSs(text);
					expect(unread).toEqual(sockets.flatMap(([, foreign]) => foreign));
					expect(
						rows.map((row) => [
							row.state,
							row.receiveQueue,
							row.sendQueue,
							row.local.port,
							row.remote.port,
							row.timer?.leftMs,
							row.inode,
						]),
					).toEqual(
						sockets.map(([s]) => [
							s.state,
							...s.queues,
							...s.ports,
							s.timer ? printed(s.timer.ms, '6.15').leftMs : undefined,
							s.inode,
						]),
					);
				},
			),
		);
	});

	test('parses the time left of every version', () => {
		fc.assert(
			fc.property(fc.nat(20 * 60_000), fc.constantFrom('6.1' as const, '6.15' as const), (ms, style) => {
				const { text, leftMs } = printed(ms, style);
				expect(parseSs(`ESTAB 0 0 1.2.3.4:1 5.6.7.8:2 timer:(on,${text},0)`).rows[0]?.timer?.leftMs).toBe(leftMs);
			}),
		);
	});

	test('truncated output has all sockets before the end', () => {
		const all = parseSs(REAL).rows;
		fc.assert(
			fc.property(fc.nat(REAL.length), (length) => {
				const rows = parseSs(REAL.slice(0, length)).rows;
				expect(rows.slice(0, -1)).toEqual(all.slice(0, Math.max(0, rows.length - 1)));
			}),
		);
	});
});
