import { PassThrough } from 'node:stream';
import { describe, expect, test } from '@jest/globals';
import { fakeContext } from '../fixtures.ts';
import type { EventOf } from '../timeline/events.ts';
import { CLIENT, HISTORY_START, SERVER } from '../timeline/fixtures.ts';
import { Boots } from './boots.ts';
import { KernelProbe } from './kernel.ts';

/** A probe with a fake trace. Both hosts are powered on from the start of the history. */
function probed() {
	const { history, sentinels } = fakeContext();
	const boots = { client: new Boots(), router: new Boots(), server: new Boots() };
	for (const host of Object.values(boots)) host.on(HISTORY_START);
	const trace = new PassThrough();
	const states: EventOf<'state'>[] = [];
	const probe = new KernelProbe({ trace, history, sentinels, boots, onState: (event) => states.push(event) });
	const feed = async (...lines: string[]) => {
		for (const line of lines) trace.write(`${line}\n`);
		await new Promise(setImmediate);
	};
	return { history, sentinels, boots, trace, states, probe, feed };
}

/** A line of the trace as the kernel prints it. */
function line(t: number, event: string, fields: string): string {
	return `          <idle>-0       [001] ..s2. ${(HISTORY_START + t).toFixed(6)}: ${event}: ${fields}`;
}

/** The fields of a socket. */
function socket(local: { address: string; port: number }, remote: { address: string; port: number }): string {
	const ports = `sport=${local.port} dport=${remote.port}`;
	const v6 = `saddrv6=::ffff:${local.address} daddrv6=::ffff:${remote.address}`;
	return `family=AF_INET protocol=IPPROTO_TCP ${ports} saddr=${local.address} daddr=${remote.address} ${v6}`;
}

const state = (t: number, from: string, to: string, ends = socket(CLIENT, SERVER)) =>
	line(t, 'inet_sock_set_state', `${ends} oldstate=TCP_${from} newstate=TCP_${to}`);
const unbound = socket({ ...CLIENT, port: 0 }, SERVER);

test('each kind of record becomes an event of the host with its local address', async () => {
	const { history, feed } = probed();
	await feed(
		state(1, 'ESTABLISHED', 'CLOSE_WAIT'),
		line(2, 'inet_sk_error_report', `${socket(SERVER, CLIENT)} error=104`),
		line(3, 'tcp_retransmit_skb', `skbaddr=0 skaddr=0 ${socket(CLIENT, SERVER)} state=TCP_CLOSE_WAIT err=0`),
		line(
			4,
			'tcp_send_reset',
			'skbaddr=0 skaddr=0 src=198.18.0.3:8080 dest=198.18.0.2:50000 state=UNKNOWN reason=NO_SOCKET',
		),
		line(5, 'tcp_receive_reset', `${socket(CLIENT, SERVER)} sock_cookie=1`),
	);
	const client = { host: 'client', boot: 1, local: CLIENT, remote: SERVER };
	const server = { host: 'server', boot: 1, local: SERVER, remote: CLIENT };
	expect(history.events).toEqual([
		{ kind: 'state', t: 1, ...client, from: 'ESTAB', to: 'CLOSE-WAIT', how: 'traced' },
		{ kind: 'error', t: 2, ...server, errno: 'ECONNRESET', source: 'kernel' },
		{ kind: 'retransmit', t: 3, ...client, state: 'CLOSE-WAIT' },
		{ kind: 'reset', t: 4, ...server, direction: 'sent', reason: 'NO_SOCKET' },
		{ kind: 'reset', t: 5, ...client, direction: 'received' },
	]);
});

test('lines may arrive in chunks', async () => {
	const { history, trace } = probed();
	const text = `${state(1, 'ESTABLISHED', 'CLOSE_WAIT')}\n`;
	for (const piece of [text.slice(0, 60), text.slice(60, 61), text.slice(61)]) trace.write(piece);
	await new Promise(setImmediate);
	expect(history.of('state')).toHaveLength(1);
});

test('every state change is passed to onState, ghosts included', async () => {
	const { states, boots, feed } = probed();
	boots.client.off(HISTORY_START + 5);
	await feed(
		state(1, 'SYN_SENT', 'ESTABLISHED'),
		line(2, 'inet_sk_error_report', `${socket(CLIENT, SERVER)} error=110`),
		state(6, 'ESTABLISHED', 'FIN_WAIT1'),
	);
	expect(states.map(({ to, ghost }) => [to, ghost])).toEqual([
		['ESTAB', undefined],
		['FIN-WAIT-1', true],
	]);
});

describe('a socket that connects', () => {
	test('gets the port of its next change', async () => {
		const { history, feed } = probed();
		await feed(state(1, 'CLOSE', 'SYN_SENT', unbound));
		expect(history.of('state')).toMatchObject([{ local: { port: 0 }, to: 'SYN-SENT' }]);
		await feed(state(2, 'SYN_SENT', 'ESTABLISHED'));
		expect(history.of('state')).toMatchObject([
			{ t: 1, local: CLIENT, from: 'CLOSED', to: 'SYN-SENT' },
			{ t: 2, local: CLIENT, from: 'SYN-SENT', to: 'ESTAB' },
		]);
	});

	test('gets it also if the attempt fails', async () => {
		const { history, feed } = probed();
		await feed(state(1, 'CLOSE', 'SYN_SENT', unbound), state(2, 'SYN_SENT', 'CLOSE'));
		expect(history.of('state').map(({ local, to }) => [local.port, to])).toEqual([
			[CLIENT.port, 'SYN-SENT'],
			[CLIENT.port, 'CLOSED'],
		]);
	});

	test('is not confused with an earlier connection to the same endpoint', async () => {
		const { history, feed } = probed();
		const later = { ...CLIENT, port: CLIENT.port + 1 };
		await feed(
			state(1, 'CLOSE', 'SYN_SENT', unbound),
			state(2, 'SYN_SENT', 'ESTABLISHED'),
			state(3, 'CLOSE', 'SYN_SENT', unbound),
			// A change of the first one, which does not affect the second.
			state(4, 'ESTABLISHED', 'CLOSE_WAIT'),
			state(5, 'SYN_SENT', 'ESTABLISHED', socket(later, SERVER)),
		);
		expect(history.of('state').map(({ local, to }) => [local.port, to])).toEqual([
			[CLIENT.port, 'SYN-SENT'],
			[CLIENT.port, 'ESTAB'],
			[later.port, 'SYN-SENT'],
			[CLIENT.port, 'CLOSE-WAIT'],
			[later.port, 'ESTAB'],
		]);
	});

	test('at the same time as others to the same endpoint gets its port in turn', async () => {
		const { history, feed } = probed();
		const ports = [CLIENT.port, CLIENT.port + 1, CLIENT.port + 2];
		await feed(
			...ports.map((_, index) => state(1 + index / 10, 'CLOSE', 'SYN_SENT', unbound)),
			...ports.map((port, index) =>
				state(2 + index / 10, 'SYN_SENT', 'ESTABLISHED', socket({ ...CLIENT, port }, SERVER)),
			),
		);
		expect(history.of('state').map(({ local, to }) => [local.port, to])).toEqual([
			...ports.map((port) => [port, 'SYN-SENT']),
			...ports.map((port) => [port, 'ESTAB']),
		]);
	});

	test('does not get the port of a connection to another port, or from the other host', async () => {
		const { history, feed } = probed();
		const elsewhere = { ...SERVER, port: 9090 };
		await feed(
			state(1, 'CLOSE', 'SYN_SENT', unbound),
			state(2, 'SYN_SENT', 'ESTABLISHED', socket(CLIENT, elsewhere)),
			state(3, 'SYN_SENT', 'ESTABLISHED', socket(SERVER, CLIENT)),
		);
		expect(history.of('state')[0]).toMatchObject({ to: 'SYN-SENT', local: { port: 0 } });
	});
});

describe('the clock of the trace', () => {
	test('is ahead by whole seconds, which are subtracted once they are known', async () => {
		const { history, probe, feed } = probed();
		// TAI is 37 s ahead of UTC since 2017. The rest is the delay of the sentinel.
		probe.calibrate(37.000_21);
		await feed(state(38.5, 'ESTABLISHED', 'CLOSE_WAIT'));
		expect(history.of('state')).toMatchObject([{ t: 1.5 }]);
	});

	test('is corrected before the boot is determined', async () => {
		const { history, boots, probe, feed } = probed();
		boots.client.off(HISTORY_START + 10);
		probe.calibrate(37);
		await feed(state(46, 'ESTABLISHED', 'CLOSE_WAIT'), state(48, 'CLOSE_WAIT', 'LAST_ACK'));
		expect(history.of('state').map(({ ghost }) => ghost)).toEqual([undefined, true]);
	});

	test('is not ahead if the machine has no TAI offset, although the sentinel had a delay', async () => {
		const { history, probe, feed } = probed();
		probe.calibrate(-0.000_4);
		await feed(state(1.5, 'ESTABLISHED', 'CLOSE_WAIT'));
		expect(history.of('state')).toMatchObject([{ t: 1.5 }]);
	});
});

describe('an event of no host of this lab', () => {
	test('is ignored: other addresses, also if connected with ours', async () => {
		const { history, states, feed } = probed();
		const foreign = { address: '198.18.7.2', port: 50_000 };
		await feed(
			state(1, 'SYN_SENT', 'ESTABLISHED', socket(foreign, SERVER)),
			line(2, 'inet_sk_error_report', `${socket(foreign, SERVER)} error=104`),
		);
		expect(history.events).toEqual([]);
		expect(states).toEqual([]);
	});

	test('is ignored: listeners on all addresses', async () => {
		const { history, feed } = probed();
		const nobody = { address: '0.0.0.0', port: 0 };
		await feed(state(1, 'CLOSE', 'LISTEN', socket({ ...nobody, port: 8080 }, nobody)));
		expect(history.events).toEqual([]);
	});

	test('is ignored: sentinels, either end, of any lab', async () => {
		const { history, states, feed } = probed();
		const sentinel = { address: '127.44.5.6', port: 9 };
		const own = { address: '198.18.0.2', port: 40_000 };
		await feed(
			state(1, 'CLOSE', 'SYN_SENT', socket({ ...own, port: 0 }, sentinel)),
			line(
				1.1,
				'tcp_send_reset',
				'skbaddr=0 skaddr=0 src=127.44.5.6:9 dest=198.18.0.2:40000 state=UNKNOWN reason=NO_SOCKET',
			),
			state(1.2, 'SYN_SENT', 'CLOSE', socket(own, sentinel)),
		);
		expect(history.events).toEqual([]);
		expect(states).toEqual([]);
	});
});

test('an awaited sentinel is reported with the trace’s own time', async () => {
	const { clock, sentinels } = fakeContext();
	const { history } = probed();
	const trace = new PassThrough();
	const boots = { client: new Boots(), router: new Boots(), server: new Boots() };
	new KernelProbe({ trace, history, sentinels, boots, onState: () => {} });
	/** Makes what observers see of a sentinel. */
	const spawn = async (argv: readonly string[]) => {
		const address = /\/dev\/tcp\/([\d.]+)\//.exec(argv.join(' '))?.[1] ?? '';
		sentinels.saw('capture', address, HISTORY_START + 1);
		trace.write(`${state(38, 'CLOSE', 'SYN_SENT', socket({ address: '127.0.0.1', port: 0 }, { address, port: 9 }))}\n`);
		return { exited: Promise.resolve(), signal: async () => {} };
	};
	const machine = { spawn } as unknown as Parameters<typeof sentinels.catchUp>[0];
	expect(await sentinels.catchUp(machine, ['kernel', 'capture'])).toEqual([]);
	expect(sentinels.offset('kernel', 'capture')).toBe(37);
	expect(clock.sleeping).toBe(0);
});

describe('a loss of the trace', () => {
	test('is recorded, with the number of events if it is known', async () => {
		const { history, feed } = probed();
		await feed('CPU:1 [LOST 42 EVENTS]', 'CPU:0 [LOST EVENTS]');
		expect(history.losses).toEqual([
			{ observer: 'kernel', what: '42 trace events lost on CPU 1', since: 0 },
			{ observer: 'kernel', what: 'some trace events lost on CPU 0', since: 0 },
		]);
	});

	test('ends with the next sentinel', async () => {
		const { history, sentinels, feed } = probed();
		await feed('CPU:1 [LOST 42 EVENTS]');
		const spawn = async (argv: readonly string[]) => {
			const address = /\/dev\/tcp\/([\d.]+)\//.exec(argv.join(' '))?.[1] ?? '';
			await feed(state(3, 'CLOSE', 'SYN_SENT', socket({ address: '127.0.0.1', port: 0 }, { address, port: 9 })));
			return { exited: Promise.resolve(), signal: async () => {} };
		};
		await sentinels.catchUp({ spawn } as unknown as Parameters<typeof sentinels.catchUp>[0], ['kernel']);
		expect(history.losses).toEqual([{ observer: 'kernel', what: '42 trace events lost on CPU 1', since: 0, until: 3 }]);
	});

	test('is recorded from the end of the trace on, with the recorder’s last line', async () => {
		const { history, trace, feed } = probed();
		history.coverage.markComplete({ observer: 'kernel', host: 'client' }, 5);
		await feed('# ended: no reader');
		trace.end();
		await new Promise(setImmediate);
		const what = 'the kernel’s trace has ended; its last output: # ended: no reader';
		expect(history.losses).toEqual([{ observer: 'kernel', what, since: 5 }]);
	});
});

test('after it is stopped, nothing more is read, and no loss is recorded', async () => {
	const { history, trace, probe } = probed();
	probe.stop();
	await new Promise(setImmediate);
	expect(trace.destroyed).toBe(true);
	expect(history.losses).toEqual([]);
});
