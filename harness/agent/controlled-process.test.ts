import { afterAll, describe, expect, jest, test } from '@jest/globals';
import type { ControlledProcess } from './controlled-process.ts';
import { builtAgent, sleepingThreads, until } from './fixture.ts';
import { startLocalAgent } from './local.ts';

jest.setTimeout(120_000);

const path = await builtAgent();
const agent = await startLocalAgent(path, 'a test');

afterAll(() => agent.close());

const HOME = '127.0.0.1';

/** A controlled process that listens on a free port. */
async function listener(): Promise<{ server: ControlledProcess; listening: number; port: number }> {
	const server = await agent.spawnControlled();
	const { returned: listening } = await server.call('socket');
	await server.call('bind', listening, HOME, 0);
	await server.call('listen', listening, 8);
	const name = await server.call('getsockname', listening);
	expect(name).toMatchObject({ returned: 0, address: HOME, port: expect.any(Number) });
	return { server, listening, port: name.port ?? 0 };
}

/** Two controlled processes with a connection between them. */
async function connected() {
	const { server, listening, port } = await listener();
	const client = await agent.spawnControlled();
	const { returned: a } = await client.call('socket');
	expect(await client.call('connect', a, HOME, port)).toMatchObject({ returned: 0 });
	const accepted = await server.call('accept', listening);
	return { server, listening, port, client, a, b: accepted.returned, accepted };
}

/** Makes the peer's end reset the connection. */
async function reset(server: ControlledProcess, b: number): Promise<void> {
	await server.call('setsockopt', b, 'SO_LINGER', 1, 0);
	await server.call('close', b);
}

describe('a controlled process', () => {
	test('numbers its descriptors from 3 on', async () => {
		const controlled = await agent.spawnControlled();
		expect(await controlled.call('socket')).toMatchObject({ returned: 3 });
		expect(await controlled.call('socket')).toMatchObject({ returned: 4 });
		expect(await controlled.call('close', 3)).toMatchObject({ returned: 0 });
		expect(await controlled.call('socket')).toMatchObject({ returned: 3 });
		const { out } = await agent.run(['ls', '-l', `/proc/${controlled.pid}/fd`]);
		expect(out.match(/ (\d+) -> /g)?.length).toBe(7);
		expect(out.match(/\/dev\/null/g)?.length).toBe(3);
		expect(await controlled.exit()).toMatchObject({ status: 0 });
	});

	test('reports when a call was made and how long it took', async () => {
		const controlled = await agent.spawnControlled();
		const { returned: fd } = await controlled.call('socket');
		const before = await agent.now();
		const result = await controlled.call('poll', fd, [], 50);
		expect(result.t).toBeGreaterThanOrEqual(before);
		expect(result.t + result.took).toBeLessThanOrEqual(await agent.now());
		/* poll reports POLLHUP for an unconnected TCP socket. */
		expect(result).toMatchObject({ returned: 1, revents: ['POLLHUP'] });
		await controlled.call('bind', fd, HOME, 0);
		await controlled.call('listen', fd, 1);
		const waited = await controlled.call('poll', fd, ['POLLIN'], 50);
		expect(waited).toMatchObject({ returned: 0, revents: [] });
		expect(waited.took).toBeGreaterThanOrEqual(0.05);
	});

	test('rejects invalid arguments', async () => {
		const controlled = await agent.spawnControlled();
		await expect(controlled.call('connect', 3, 'localhost', 1)).rejects.toMatchObject({
			code: 'OPTION_INVALID',
			seen: expect.stringContaining('address'),
		});
	});

	test('receives signals; its calls reject when it has ended', async () => {
		const { server, listening } = await listener();
		const blocked = server.call('accept', listening);
		await server.signal('SIGTERM');
		await expect(blocked).rejects.toMatchObject({
			code: 'PEER_EXITED',
			problem: expect.stringContaining('was killed by SIGTERM before accept returned'),
		});
		await expect(server.call('socket')).rejects.toMatchObject({ code: 'PEER_EXITED' });
		expect(await server.exited).toMatchObject({ signal: 'SIGTERM' });
		await expect(server.signal('SIGTERM')).rejects.toMatchObject({ code: 'PEER_EXITED' });
	});
});

describe('calls', () => {
	test('transfer any bytes in both directions', async () => {
		const { server, client, a, b, accepted } = await connected();
		expect(accepted).toMatchObject({ address: HOME, port: (await client.call('getsockname', a)).port });
		const bytes = Buffer.from(Array.from({ length: 256 }, (_, i) => i));
		expect(await client.call('send', a, bytes)).toMatchObject({ returned: 256 });
		expect(await server.call('recv', b, 1_000)).toMatchObject({ returned: 256, data: bytes });
		expect(await server.call('send', b, '')).toMatchObject({ returned: 0 });
		expect(await server.call('send', b, 'two words', ['MSG_NOSIGNAL', 'MSG_DONTWAIT'])).toMatchObject({ returned: 9 });
		expect(await client.call('recv', a, 3, ['MSG_PEEK'])).toMatchObject({ returned: 3, data: Buffer.from('two') });
		expect(await client.call('recv', a, 9, ['MSG_WAITALL'])).toMatchObject({
			returned: 9,
			data: Buffer.from('two words'),
		});
		const megabyte = Buffer.alloc(200_000, 'é');
		const sent = client.call('send', a, megabyte);
		expect(await server.call('recv', b, megabyte.length, ['MSG_WAITALL'])).toMatchObject({ data: megabyte });
		expect(await sent).toMatchObject({ returned: megabyte.length });
	});

	test('that block do not delay other calls, and return later', async () => {
		const { server, listening, port } = await listener();
		const accept = server.call('accept', listening);
		expect(await server.call('getsockopt', listening, 'SO_ERROR')).toMatchObject({ value: 0 });
		const client = await agent.spawnControlled();
		const { returned: a } = await client.call('socket');
		await client.call('connect', a, HOME, port);
		const { returned: b } = await accept;
		const recv = client.call('recv', a, 100);
		await until(async () => (await sleepingThreads(client.pid)) === 2);
		expect(await client.call('poll', a, ['POLLIN', 'POLLOUT'], 0)).toMatchObject({ returned: 1, revents: ['POLLOUT'] });
		const begin = await agent.now();
		await agent.sleep(50);
		await server.call('send', b, 'x');
		const { t, took, data } = await recv;
		expect(data).toEqual(Buffer.from('x'));
		expect(t).toBeLessThan(begin);
		expect(took).toBeGreaterThanOrEqual(0.05);
	});

	test('see the end of the stream', async () => {
		const { server, client, a, b } = await connected();
		expect(await server.call('shutdown', b, 'WR')).toMatchObject({ returned: 0 });
		expect(await client.call('recv', a, 10)).toMatchObject({ returned: 0, data: Buffer.alloc(0) });
		expect(await client.call('poll', a, ['POLLIN', 'POLLRDHUP'], 0)).toMatchObject({
			revents: ['POLLIN', 'POLLRDHUP'],
		});
	});

	test('cause SIGPIPE, or fail with EPIPE if MSG_NOSIGNAL is given', async () => {
		const { server, client, a, b } = await connected();
		await reset(server, b);
		expect(await client.call('recv', a, 1)).toMatchObject({ returned: -1, errno: 'ECONNRESET' });
		expect(await client.call('send', a, 'x', ['MSG_NOSIGNAL'])).toMatchObject({ returned: -1, errno: 'EPIPE' });
		const { data } = await client.call('recv', a, 1);
		expect(data).toEqual(Buffer.alloc(0));
		await expect(client.call('send', a, 'x')).rejects.toMatchObject({
			code: 'PEER_EXITED',
			problem: expect.stringContaining('was killed by SIGPIPE before send returned'),
		});
		expect(await client.exited).toMatchObject({ signal: 'SIGPIPE' });
	});

	test('fail with the errno of the kernel', async () => {
		const { server, listening, port } = await listener();
		await server.call('close', listening);
		expect(await server.call('close', listening)).toMatchObject({ returned: -1, errno: 'EBADF' });
		expect(await server.call('close', -1)).toMatchObject({ errno: 'EBADF' });
		expect(await server.call('recv', 0, 1)).toMatchObject({ errno: 'ENOTSOCK' });
		const { returned: fd } = await server.call('socket');
		expect(await server.call('recv', fd, 1)).toMatchObject({ errno: 'ENOTCONN' });
		expect(await server.call('connect', fd, HOME, port)).toMatchObject({ returned: -1, errno: 'ECONNREFUSED' });
	});

	test('fail with EMFILE in a process that has reached its limit of descriptors', async () => {
		// The process needs two of the sixteen for its channel to the agent.
		const limited = await startLocalAgent(path, 'a limited test', { prefix: ['prlimit', '--nofile=16'] });
		const controlled = await limited.spawnControlled();
		for (let fd = 3; fd < 14; fd++) expect(await controlled.call('socket')).toMatchObject({ returned: fd });
		expect(await controlled.call('socket')).toMatchObject({ returned: -1, errno: 'EMFILE' });
		await limited.close();
	});

	test('report both addresses, also close, and as far as the kernel still has them after a reset', async () => {
		const { server, listening, port, client, a, b, accepted } = await connected();
		const local = { address: HOME, port: accepted.port ?? 0 };
		const remote = { address: HOME, port };
		expect(accepted).toMatchObject({ local: remote });
		expect(accepted).not.toHaveProperty('remote');
		expect(await client.call('send', a, 'x')).toMatchObject({ local, remote });
		expect(await server.call('recv', b, 1)).toMatchObject({ local: remote, remote: local });
		await reset(server, b);
		expect(await client.call('recv', a, 1)).toMatchObject({ errno: 'ECONNRESET', local });
		expect(await server.call('close', listening)).toMatchObject({ local: remote });
		const fresh = await client.call('socket');
		expect(fresh).not.toHaveProperty('local');
	});

	test('on a socket for IPv6 have IPv6 addresses, and a mapped one as the IPv4 address', async () => {
		const server = await agent.spawnControlled();
		const { returned: listening } = await server.call('socket', 'AF_INET6');
		expect(await server.call('bind', listening, '::', 0)).toMatchObject({ returned: 0, local: { address: '::' } });
		await server.call('listen', listening, 1);
		const { port = 0 } = await server.call('getsockname', listening);
		const client = await agent.spawnControlled();
		const { returned: a } = await client.call('socket');
		expect(await client.call('connect', a, HOME, port)).toMatchObject({ returned: 0 });
		const accepted = await server.call('accept', listening);
		expect(accepted).toMatchObject({ address: HOME, own: { address: HOME, port } });
		expect(await server.call('close', accepted.returned)).toMatchObject({ local: { address: HOME, port } });
		// A socket for IPv4 has no IPv6 address (connect(2)).
		const other = (await client.call('socket')).returned;
		expect(await client.call('connect', other, '::1', port)).toMatchObject({ errno: 'EAFNOSUPPORT' });
	});

	test('leave an error on the socket, which is returned once', async () => {
		const { server, client, a, b } = await connected();
		await reset(server, b);
		await until(async () => (await client.call('poll', a, [], 0)).revents?.includes('POLLERR') ?? false);
		expect(await client.call('getsockopt', a, 'SO_ERROR')).toMatchObject({ value: 104 });
		expect(await client.call('getsockopt', a, 'SO_ERROR')).toMatchObject({ value: 0 });
	});

	test('set and get options', async () => {
		const { client, a } = await connected();
		for (const [name, value] of [
			['TCP_USER_TIMEOUT', 1_234],
			['TCP_KEEPIDLE', 7],
			['TCP_KEEPINTVL', 3],
			['TCP_KEEPCNT', 2],
			['TCP_SYNCNT', 4],
			['TCP_NODELAY', 1],
			['SO_KEEPALIVE', 1],
			['SO_REUSEADDR', 1],
		] as const) {
			expect(await client.call('setsockopt', a, name, value)).toMatchObject({ returned: 0 });
			expect(await client.call('getsockopt', a, name)).toMatchObject({ returned: 0, value });
		}
		expect(await client.call('setsockopt', a, 'TCP_USER_TIMEOUT', -1)).toMatchObject({ returned: -1, errno: 'EINVAL' });
		await client.call('setsockopt', a, 'SO_LINGER', 1, 5);
		expect(await client.call('getsockopt', a, 'SO_LINGER')).toMatchObject({ value: 1, seconds: 5 });
		await client.call('setsockopt', a, 'SO_RCVBUF', 10_000);
		expect(await client.call('getsockopt', a, 'SO_RCVBUF')).toMatchObject({ value: 20_000 });
	});

	test('do not block if the descriptor is non-blocking', async () => {
		const { client, a } = await connected();
		expect(await client.call('nonblock', a, 1)).toMatchObject({ returned: 0 });
		expect(await client.call('recv', a, 1)).toMatchObject({ returned: -1, errno: 'EAGAIN' });
		await client.call('nonblock', a, 0);
		expect(await client.call('recv', a, 1, ['MSG_DONTWAIT'])).toMatchObject({ returned: -1, errno: 'EAGAIN' });
		const { returned: fd } = await client.call('socket');
		await client.call('nonblock', fd, 1);
		expect(await client.call('nonblock', 99, 1)).toMatchObject({ returned: -1, errno: 'EBADF' });
	});

	test('return the tcp_info of the connection', async () => {
		const { server, client, a, b } = await connected();
		await client.call('send', a, 'four');
		await server.call('recv', b, 4);
		const { info } = await server.call('tcpinfo', b);
		expect(info).toMatchObject({ state: 1, bytes_received: 4, bytes_sent: 0, total_retrans: 0 });
		expect(info?.rto).toBeGreaterThan(100_000);
		expect(info?.snd_wnd).toBeGreaterThan(1_000);
		await server.call('close', b);
		await until(async () => (await client.call('tcpinfo', a)).info?.state === 8);
		/* The SYN counts as one byte. */
		expect(await client.call('tcpinfo', a)).toMatchObject({ info: { bytes_sent: 4, bytes_acked: 5 } });
	});

	test('blocked in recv survive the close of their descriptor, as on Linux', async () => {
		const { server, client, a, b } = await connected();
		const recv = client.call('recv', a, 10);
		/* The call must block before the close, so that its descriptor is valid when it is entered. */
		await until(async () => (await sleepingThreads(client.pid)) === 2);
		expect(await client.call('close', a)).toMatchObject({ returned: 0 });
		expect(await client.call('close', a)).toMatchObject({ errno: 'EBADF' });
		expect(await server.call('send', b, 'still')).toMatchObject({ returned: 5 });
		expect(await recv).toMatchObject({ returned: 5, data: Buffer.from('still') });
		/* The kernel closes the socket now, because recv was its last user. */
		expect(await server.call('recv', b, 10)).toMatchObject({ returned: 0 });
	});

	test('fail with ECONNRESET after the peer has closed with unread data', async () => {
		const { server, client, a, b } = await connected();
		await client.call('send', a, 'unread');
		await server.call('poll', b, ['POLLIN'], -1);
		await server.call('close', b);
		await client.call('poll', a, [], -1);
		expect(await client.call('send', a, 'x', ['MSG_NOSIGNAL'])).toMatchObject({ errno: 'ECONNRESET' });
	});

	test('may block in large numbers in one process', async () => {
		const { server, listening, port } = await listener();
		const accepts = Array.from({ length: 40 }, () => server.call('accept', listening));
		const client = await agent.spawnControlled();
		for (let i = 0; i < 40; i++) await client.call('connect', (await client.call('socket')).returned, HOME, port);
		expect(new Set((await Promise.all(accepts)).map(({ returned }) => returned)).size).toBe(40);
	});
});
