/** The end of a peer, and the queries of its calls. */
import { describe, expect, test } from '@jest/globals';
import { settle } from '../fixtures.ts';
import type { TcpSocket } from '../formats/types.ts';
import type { EventOf } from '../timeline/events.ts';
import { CLIENT, HISTORY_START, SERVER } from '../timeline/fixtures.ts';
import { FakePeer } from './fixtures.ts';

type Call = EventOf<'call'>;

const CONNECTION: TcpSocket = { family: 'IPv4', local: CLIENT, remote: SERVER };
const OTHER: TcpSocket = { ...CONNECTION, local: { ...CLIENT, port: 50_001 } };

/** Adds calls to the peer's history, one second apart, by default on the same connection. */
function withCalls(peer: FakePeer, ...calls: readonly Partial<Call>[]): FakePeer {
	for (const [index, call] of calls.entries()) {
		const { host, name } = peer;
		peer.context.history.add({
			...{ kind: 'call', t: index, host, peer: name, pid: peer.pid, name: 'read', args: '', fd: 3, took: 0 },
			...{ source: 'strace', socket: CONNECTION },
			...call,
		});
	}
	return peer;
}

describe('the end of a peer', () => {
	test.each([
		[{ status: 1 }, { status: 1 }, 'status 1'],
		[{ signal: 'SIGPIPE' }, { signal: 'SIGPIPE' }, 'SIGPIPE'],
	])('%j', async (reported, end, text) => {
		const peer = new FakePeer();
		expect(peer.end).toBeUndefined();
		peer.exit({ ...reported, t: HISTORY_START + 9 });
		expect(await peer.ended).toEqual(end);
		expect(peer.end).toEqual(end);
		// The time of the end is that of its agent's clock.
		expect(peer.context.history.of('process')).toEqual([
			{ kind: 'process', t: 9, host: 'client', peer: 'client-1', what: 'exited', text },
		]);
	});

	test('with its host is `lost`', async () => {
		const peer = new FakePeer();
		peer.context.clock.pass(3_000);
		peer.lose();
		expect(await peer.ended).toEqual({ lost: true });
		expect(peer.context.history.of('process')).toMatchObject([{ t: 3, text: 'lost with its host' }]);
	});

	test('it is over when its streams have ended, too, and the history notifies its listeners', async () => {
		const peer = new FakePeer();
		peer.exit({ status: 0, t: HISTORY_START });
		await peer.ended;
		await settle();
		// A child of it may still print.
		expect(peer.isOver).toBe(false);
		const notifications: boolean[] = [];
		peer.context.history.onChange(() => notifications.push(peer.isOver));
		peer.drain();
		await settle();
		expect(notifications).toEqual([true]);
	});
});

describe('its calls', () => {
	test('are only its own, and its reads and writes only those on connections', () => {
		const peer = withCalls(
			new FakePeer(),
			{ peer: 'client-2' },
			{ host: 'server' },
			{ name: 'recvfrom', returned: 5 },
			{ name: 'write', fd: 1, socket: undefined, returned: 5 },
			// The process of a controlled socket has no standard streams.
			{ name: 'send', socket: undefined, source: 'socket', errno: 'EPIPE' },
		);
		expect(peer.calls().map(({ name }) => name)).toEqual(['recvfrom', 'write', 'send']);
		expect(peer.calls('write').map(({ name }) => name)).toEqual(['send']);
		expect([peer.returned('read', 5), peer.returned('write', 5)]).toEqual([true, false]);
		expect([peer.failed('write', 'EPIPE'), peer.failed('read', 'EPIPE')]).toEqual([true, false]);
	});

	test('with a name that does not exist are OPTION_INVALID, with the nearest name', () => {
		const misspelt = 'reads' as 'read';
		const refused = expect.objectContaining({ code: 'OPTION_INVALID', seen: expect.stringContaining('read') });
		expect(() => new FakePeer().calls(misspelt)).toThrow(refused);
	});

	test('have results as text: a value, an errno, one that never returned, one that still blocks', () => {
		const peer = new FakePeer();
		expect(peer.results('read')).toBe('nothing');
		withCalls(peer, { returned: 22 }, { errno: 'ECONNRESET' }, { result: 'never returned' }, { took: undefined });
		expect(peer.results('read')).toBe('22, then ECONNRESET, then nothing, then nothing yet');
	});

	test('have results by process if several processes made them', () => {
		const peer = withCalls(new FakePeer(), { pid: 8, returned: 1 }, { pid: 9, returned: 2 }, { pid: 8, returned: 0 });
		expect(peer.results('read')).toBe('process 8: 1, then 0; process 9: 2');
	});

	test('that block: the latest is returned, and none after all have returned', () => {
		const peer = withCalls(new FakePeer(), { took: undefined, fd: 3 }, { took: undefined, fd: 4 });
		expect(peer.blockedIn('read')?.fd).toBe(4);
		expect(peer.blocksIn('poll')).toBe(false);
		for (const call of peer.calls()) peer.context.history.replace(call, { ...call, took: 1, returned: 0 });
		expect(peer.blocksIn('read')).toBe(false);
	});

	test('after a failed one are the reads and writes of the same process on the same connection', () => {
		const failed = { errno: 'ETIMEDOUT' as const };
		const peer = withCalls(
			new FakePeer(),
			{ returned: 1 },
			failed,
			{ name: 'write', errno: 'EPIPE' },
			{ name: 'poll', returned: 1 },
			{ pid: 8, returned: 2 },
			{ socket: OTHER, returned: 3 },
			{ fd: 1, name: 'write', socket: undefined, returned: 4 },
			{ returned: 0 },
			failed,
		);
		const later = peer.afterFailing('read', 'ETIMEDOUT').map(({ errno, returned }) => errno ?? returned);
		expect(later).toEqual(['EPIPE', 0, 'ETIMEDOUT']);
		expect(peer.afterFailing('write', 'ECONNRESET')).toEqual([]);
	});

	test('after a failed one on a socket with unknown ends are those with the same descriptor', () => {
		const unknown: TcpSocket = { family: 'IPv4' };
		const peer = withCalls(
			new FakePeer(),
			{ errno: 'ENOTCONN', socket: unknown },
			{ socket: unknown, fd: 4, returned: 1 },
			{ socket: CONNECTION, fd: 3, returned: 2 },
		);
		expect(peer.afterFailing('read', 'ENOTCONN').map(({ returned }) => returned)).toEqual([2]);
	});
});
