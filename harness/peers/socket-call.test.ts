/** A call of a controlled socket: a question to the history when it is held, an error that is thrown when awaited. */
import { describe, expect, test } from '@jest/globals';
import { quietResolvers } from '../agent/promises.ts';
import { HalfopenError } from '../errors.ts';
import { settle } from '../fixtures.ts';
import { CLIENT, HISTORY_START, SERVER } from '../timeline/fixtures.ts';
import { FakePeer } from './fixtures.ts';
import { type CallOutcome, type CallText, SocketCall } from './socket-call.ts';

const SEND: CallText = { name: 'send', args: '3, "one", 0', fd: 3, socket: { family: 'IPv4', remote: SERVER } };

/** A call that returns when the test says so. */
function made(text: CallText = SEND) {
	const peer = new FakePeer();
	const { promise, resolve, reject } = quietResolvers<CallOutcome>();
	const call = SocketCall.make(peer, text, () => promise);
	const returns = (outcome: Partial<CallOutcome>) =>
		resolve({ returned: 0, t: HISTORY_START + 1, took: 2, ...outcome });
	return { peer, call, returns, reject, history: peer.context.history };
}

describe('a call', () => {
	test('is in the history before it is made, and has no result until it returns', () => {
		const peer = new FakePeer();
		const seen: unknown[] = [];
		const call = SocketCall.make(peer, SEND, async () => {
			seen.push(...peer.context.history.of('call'));
			return { returned: 3, t: HISTORY_START, took: 0 };
		});
		expect(seen).toEqual([{ kind: 'call', t: 0, host: 'client', peer: 'kang', pid: 7, ...SEND, source: 'socket' }]);
		expect(call.endedAt).toBeNaN();
		expect(call.text).toBe('send(3, "one", 0)');
	});

	test('that has returned: its value, its time, and the ends of its socket', async () => {
		const { call, returns, history } = made();
		returns({ returned: 3, local: CLIENT });
		expect(await call).toMatchObject({ returned: 3 });
		const socket = { family: 'IPv4', local: CLIENT, remote: SERVER };
		expect(history.of('call')).toMatchObject([{ t: 1, took: 2, returned: 3, socket }]);
		expect(call.event).toEqual(history.of('call')[0]);
		expect(call.endedAt).toBe(3);
	});

	test('gives what is made of its result, and is the same call', async () => {
		const { call, returns } = made();
		const given = call.giving(({ returned }) => `descriptor ${returned}`);
		returns({ returned: 4 });
		expect(await given).toBe('descriptor 4');
		expect(given.event).toBe(call.event);
	});

	test('that failed: CALL_FAILED where it is awaited; where it is held, nobody need wait for it', async () => {
		const { call, returns, history } = made();
		returns({ returned: -1, errno: 'EPIPE' });
		// An unhandled rejection would end this process.
		await settle();
		expect(history.of('call')).toMatchObject([{ errno: 'EPIPE', took: 2 }]);
		expect(history.of('call')[0]).not.toHaveProperty('returned');
		await expect(call).rejects.toMatchObject({
			code: 'CALL_FAILED',
			problem: 'kang on the client: send(3, "one", 0) failed with EPIPE.',
			remedy: "If it should fail, expect that: await expect(….send(…)).toFailWith('EPIPE').",
		});
	});

	test('whose process ends: it never returned, and that is neither a value nor an errno', async () => {
		const { peer, call, reject, history } = made();
		peer.context.clock.pass(5_000);
		const gone = new HalfopenError('AGENT_GONE', { problem: 'The process has ended.', remedy: 'None.' });
		reject(gone);
		await expect(call).rejects.toBe(gone);
		const [event] = history.of('call');
		expect(event).toMatchObject({ took: 5, result: 'never returned: The process has ended' });
		expect([event?.returned, event?.errno]).toEqual([undefined, undefined]);
	});
});

describe('what a call gives beside its result', () => {
	test.each([
		[['POLLIN', 'POLLHUP'], '[{fd=3, revents=POLLIN|POLLHUP}]'],
		[[], 'Timeout'],
	])('poll: %j, in strace’s words', async (revents, result) => {
		const { call, returns, history } = made({ ...SEND, name: 'poll' });
		returns({ returned: revents.length === 0 ? 0 : 1, revents });
		await call;
		expect(history.of('call')).toMatchObject([{ result }]);
	});

	const SO_ERROR: CallText = {
		name: 'getsockopt',
		args: '3, SO_ERROR',
		fd: 3,
		socket: { family: 'IPv4', remote: SERVER },
	};

	test('SO_ERROR: an errno that no call returned, with the ends of its socket', async () => {
		const { call, returns, history } = made(SO_ERROR);
		// ECONNREFUSED (errno(3)).
		returns({ value: 111 });
		await call;
		expect(history.of('call')).toMatchObject([{ result: '[111]' }]);
		expect(history.of('error')).toEqual([
			{ kind: 'error', t: 3, host: 'client', peer: 'kang', errno: 'ECONNREFUSED', source: 'so_error', remote: SERVER },
		]);
	});

	test.each([
		['no error', SO_ERROR, 0],
		['another option', { ...SO_ERROR, args: '3, SO_KEEPALIVE' }, 1],
	])('%s: nothing but the value', async (_what, text, value) => {
		const { call, returns, history } = made(text);
		returns({ value });
		await call;
		expect(history.of('call')).toMatchObject([{ result: `[${value}]` }]);
		expect(history.of('error')).toEqual([]);
	});
});

describe('who waits for a call', () => {
	test('is told of while it blocks, and no longer', async () => {
		const { peer, call, returns } = made();
		expect(peer.context.waits.open).toEqual([]);
		const awaited = call.then(() => {});
		expect(peer.context.waits.open).toEqual([
			{ what: 'kang on the client: send(3, "one", 0) to return', limitMs: undefined },
		]);
		// Whoever awaits a call does something to the lab: it may change by that.
		expect(peer.context.actions.idle).toBe(false);
		returns({});
		await awaited;
		await settle();
		expect(peer.context.waits.open).toEqual([]);
		expect(peer.context.actions.idle).toBe(true);
	});

	test('does not wait for what is over', async () => {
		const { peer, call, returns } = made();
		returns({});
		await settle();
		void call.then(() => {});
		expect(peer.context.waits.open).toEqual([]);
	});
});
