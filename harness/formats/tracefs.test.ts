import { readFileSync } from 'node:fs';
import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { parseTrace, TraceReader } from './tracefs.ts';

/**
 * A trace of kernel 6.18: a dual-stack listener, a reset, an orderly close, refused connections over IPv4 and IPv6, an
 * unanswered SYN.
 */
const REAL = readFileSync(new URL('./fixtures/trace_pipe.txt', import.meta.url), 'utf8');

const HEAD = '            bash-5645    [000] ..s1. 1795164213.787369: ';
const ENDS = 'sport=38380 dport=9 saddr=127.0.0.1 daddr=127.1.2.3 saddrv6=::ffff:127.0.0.1 daddrv6=::ffff:127.1.2.3';
const t = 1795164213.787369;
const local = { address: '127.0.0.1', port: 38380 };
const remote = { address: '127.1.2.3', port: 9 };

describe('parseTrace', () => {
	test.each([
		[`tcp_receive_reset: family=AF_INET ${ENDS} sock_cookie=1`, { kind: 'reset', direction: 'received' }],
		[`tcp_receive_reset: ${ENDS} sock_cookie=1`, { kind: 'reset', direction: 'received' }],
		[
			'tcp_send_reset: skbaddr=0000000003404107 skaddr=0000000000000000 src=127.0.0.1:38380 dest=127.1.2.3:9 ' +
				'state=UNKNOWN reason=NO_SOCKET',
			{ kind: 'reset', direction: 'sent', reason: 'NO_SOCKET' },
		],
		[
			'tcp_send_reset: skbaddr=0 skaddr=0 src=[::ffff:127.0.0.1]:38380 dest=[::ffff:127.1.2.3]:9 state=UNKNOWN',
			{ kind: 'reset', direction: 'sent' },
		],
		[
			`tcp_send_reset: skbaddr=00000000a skaddr=00000000b family=AF_INET ${ENDS} state=TCP_ESTABLISHED`,
			{ kind: 'reset', direction: 'sent' },
		],
		[
			`inet_sk_error_report: family=AF_INET protocol=IPPROTO_TCP ${ENDS} error=111`,
			{ kind: 'error', errno: 'ECONNREFUSED' },
		],
		[
			`inet_sk_error_report: family=AF_INET protocol=IPPROTO_TCP ${ENDS} error=9999`,
			{ kind: 'error', errno: 'errno 9999' },
		],
		[`tcp_retransmit_skb: ${ENDS} state=TCP_ESTABLISHED`, { kind: 'retransmit', state: 'ESTAB' }],
		[
			`tcp_retransmit_skb: skbaddr=(____ptrval____) skaddr=0 family=AF_INET ${ENDS} state=TCP_SYN_SENT err=0`,
			{ kind: 'retransmit', state: 'SYN-SENT' },
		],
		[
			`tcp_retransmit_skb: skbaddr=0 skaddr=0 family=AF_INET ${ENDS} state=TCP_FIN_WAIT1 err=-113`,
			{ kind: 'retransmit', state: 'FIN-WAIT-1', errno: 'EHOSTUNREACH' },
		],
		[
			`inet_sock_set_state: family=AF_INET6 protocol=IPPROTO_TCP ${ENDS} oldstate=TCP_CLOSE newstate=TCP_SYN_RECV`,
			{ kind: 'state', from: 'CLOSED', to: 'SYN-RECV' },
		],
	])('%s', (text, expected) => {
		expect(parseTrace(HEAD + text)).toEqual({ t, local, remote, ...expected });
	});

	test.each([
		['TCP_ESTABLISHED', 'ESTAB'],
		['TCP_SYN_SENT', 'SYN-SENT'],
		['TCP_SYN_RECV', 'SYN-RECV'],
		['TCP_NEW_SYN_RECV', 'SYN-RECV'],
		['TCP_FIN_WAIT1', 'FIN-WAIT-1'],
		['TCP_FIN_WAIT2', 'FIN-WAIT-2'],
		['TCP_TIME_WAIT', 'TIME-WAIT'],
		['TCP_CLOSE', 'CLOSED'],
		['TCP_CLOSE_WAIT', 'CLOSE-WAIT'],
		['TCP_LAST_ACK', 'LAST-ACK'],
		['TCP_LISTEN', 'LISTEN'],
		['TCP_CLOSING', 'CLOSING'],
		['0xd', '0xd'],
	])('%s is %s', (name, state) => {
		const line = `${HEAD}inet_sock_set_state: family=AF_INET protocol=IPPROTO_TCP ${ENDS} oldstate=${name} newstate=${name}`;
		expect(parseTrace(line)).toMatchObject({ from: state, to: state });
	});

	test('parses the line about lost events', () => {
		expect(parseTrace('CPU:1 [LOST 1908 EVENTS]')).toEqual({ kind: 'lost', cpu: 1, events: 1908 });
		expect(parseTrace('CPU:0 [LOST EVENTS]')).toEqual({ kind: 'lost', cpu: 0 });
	});

	test('accepts a command that looks like the columns after it', () => {
		const event = `tcp_retransmit_skb: ${ENDS} state=TCP_ESTABLISHED`;
		fc.assert(
			fc.property(
				fc.string({ unit: fc.constantFrom(...'ab0-1 :[].()<>='), minLength: 1, maxLength: 15 }),
				fc.nat(99_999),
				(command, pid) => {
					const line = `${command.padStart(16)}-${String(pid).padEnd(7)} [001] .Ns2. 1795164816.160067: ${event}`;
					expect(parseTrace(line)).toEqual({ kind: 'retransmit', t: 1795164816.160067, local, remote, state: 'ESTAB' });
					const withThreadGroup = `${command.padStart(16)}-${pid} (  ${pid}) [001] .Ns2. 1795164816.160067: ${event}`;
					expect(parseTrace(withThreadGroup)).toMatchObject({ kind: 'retransmit', local });
				},
			),
		);
	});
});

describe('TraceReader', () => {
	test('parses a real trace, also of IPv6, and leaves out errors with number 0', () => {
		const reader = new TraceReader();
		const records = reader.push(REAL);
		expect(reader.unread).toEqual([]);
		expect(records.filter((record) => record.kind === 'error').map((record) => record.errno)).toEqual([
			'ECONNRESET',
			// Over IPv4, and over IPv6.
			'ECONNREFUSED',
			'ECONNREFUSED',
		]);
		expect(
			records.filter((record) => record.kind === 'reset').map((record) => `${record.direction} ${record.reason}`),
		).toEqual([
			...['received undefined', 'sent TCP_ABORT_ON_CLOSE'],
			...['sent NO_SOCKET', 'received undefined'],
			...['sent NO_SOCKET', 'received undefined'],
		]);
		expect(records.filter((record) => record.kind === 'retransmit')).toHaveLength(2);
		const accepted = records
			.filter((record) => record.kind === 'state')
			.filter(({ local, remote }) => local.port === 33067 && remote.port === 45330);
		expect(accepted.map((record) => record.to)).toEqual(['SYN-RECV', 'ESTAB', 'CLOSE-WAIT', 'LAST-ACK', 'CLOSED']);
		expect(records[0]).toMatchObject({ kind: 'state', to: 'LISTEN', local: { address: '0.0.0.0', port: 33067 } });
	});

	test.each([
		[
			'of another protocol',
			`inet_sock_set_state: family=AF_INET protocol=IPPROTO_SCTP ${ENDS} oldstate=TCP_CLOSE newstate=TCP_LISTEN`,
		],
		['of another event', 'sched_switch: prev_comm=a prev_pid=1'],
		['without an error', `inet_sk_error_report: family=AF_INET protocol=IPPROTO_TCP ${ENDS} error=0`],
	])('a line %s is neither a record nor unread', (_, text) => {
		const reader = new TraceReader();
		expect(reader.push(`${HEAD}${text}\n`)).toEqual([]);
		expect(reader.unread).toEqual([]);
	});

	test('a socket for IPv6 has the addresses of its IPv6 fields, or IPv4 addresses if they are mapped', () => {
		const socket = (fields: string) =>
			parseTrace(`${HEAD}inet_sk_error_report: family=AF_INET6 protocol=IPPROTO_TCP ${fields} error=111`);
		const ports = 'sport=38380 dport=9';
		// The kernel's fields for IPv4 then have LOOPBACK4_IPV6.
		expect(socket(`${ports} saddr=127.0.0.6 daddr=127.0.0.6 saddrv6=2001:2::2 daddrv6=2001:2:0:1a::3`)).toMatchObject({
			local: { address: '2001:2::2', port: 38380 },
			remote: { address: '2001:2:0:1a::3', port: 9 },
		});
		expect(
			socket(`${ports} saddr=10.0.0.1 daddr=10.0.0.2 saddrv6=::ffff:10.0.0.1 daddrv6=::ffff:10.0.0.2`),
		).toMatchObject({ local: { address: '10.0.0.1', port: 38380 }, remote: { address: '10.0.0.2', port: 9 } });
		expect(
			parseTrace(
				`${HEAD}tcp_send_reset: skbaddr=0 skaddr=0 src=[2001:2::3]:9 dest=[::ffff:10.0.0.1]:42498 state=UNKNOWN`,
			),
		).toMatchObject({ local: { address: '2001:2::3', port: 9 }, remote: { address: '10.0.0.1', port: 42498 } });
	});

	test.each([
		'nonsense',
		`${HEAD}tcp_send_reset: src=[2001:2::3:9 dest=[2001:2::2]:9`,
		`${HEAD}inet_sk_error_report: protocol=IPPROTO_TCP ${ENDS.replace('::ffff:127.1.2.3', '2001:2::g')} error=1`,
		`${HEAD}tcp_receive_reset: family=AF_INET sport=38380`,
		`${HEAD}tcp_send_reset: src=127.0.0.1 dest=127.1.2.3:9`,
		`${HEAD}tcp_send_reset: src=127.0.0.1:99999 dest=127.1.2.3:9`,
		`${HEAD}inet_sk_error_report: family=AF_INET protocol=IPPROTO_TCP ${ENDS} error=`,
		`${HEAD}inet_sock_set_state: family=AF_INET protocol=IPPROTO_TCP ${ENDS} oldstate=TCP_CLOSE`,
		`${HEAD}tcp_retransmit_skb: ${ENDS}`,
	])('%j is unread', (line) => {
		const reader = new TraceReader();
		expect(reader.push(`${line}\nCPU:1 [LOST 2 EVENTS]\n`)).toEqual([{ kind: 'lost', cpu: 1, events: 2 }]);
		expect(reader.unread).toEqual([line]);
	});

	test('the result does not depend on the chunks', () => {
		const whole = new TraceReader().push(REAL);
		fc.assert(
			fc.property(fc.array(fc.nat(REAL.length), { maxLength: 20 }), (anyCuts) => {
				const cuts = [0, ...anyCuts.sort((a, b) => a - b), REAL.length];
				const reader = new TraceReader();
				expect(cuts.slice(1).flatMap((end, index) => reader.push(REAL.slice(cuts[index], end)))).toEqual(whole);
			}),
		);
	});

	test('parses a last line without newline at the end', () => {
		const reader = new TraceReader();
		expect(reader.push('CPU:1 [LOST 2 EVENTS]')).toEqual([]);
		expect(reader.end()).toEqual([{ kind: 'lost', cpu: 1, events: 2 }]);
	});

	test('never throws, and loses no foreign line', () => {
		const nearly = fc.constantFrom(
			HEAD,
			'tcp_send_reset: ',
			'toString: ',
			'src=',
			'saddr=',
			'1.2.3.4:5 ',
			ENDS,
			' error=',
			'__proto__=1 ',
			'state=constructor',
		);
		fc.assert(
			fc.property(fc.array(fc.oneof(nearly, fc.string({ unit: 'binary' })), { maxLength: 12 }), (pieces) => {
				const reader = new TraceReader();
				reader.push(`${pieces.join('')}\nfinally\n`);
				expect(reader.unread.at(-1)).toBe('finally');
			}),
			{ numRuns: 500 },
		);
	});
});
