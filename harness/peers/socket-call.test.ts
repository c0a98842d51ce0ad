/** A call of a controlled socket: its event in the history, and its result when it is awaited. */
import { describe, expect, test } from '@jest/globals';
import { quietResolvers } from '../agent/promises.ts';
import { HalfopenError } from '../errors.ts';
import { settle } from '../fixtures.ts';
import { CLIENT, HISTORY_START, SERVER } from '../timeline/fixtures.ts';
import { FakePeer } from './fixtures.ts';
import { type CallDescription, type CallOutcome, SocketCall } from './socket-call.ts';

const SEND: CallDescription = { name: 'send', args: '3, "one", 0', fd: 3, socket: { family: 'IPv4', remote: SERVER } };

/** Makes a call that returns when the test says so. */
function made(text: CallDescription = SEND) {
	const peer = new FakePeer();
	const { promise, resolve, reject } = quietResolvers<CallOutcome>();
	const call = SocketCall.make(peer, text, () => promise);
	const returns = (outcome: Partial<CallOutcome>) =>
		resolve({ returned: 0, t: HISTORY_START + 1, took: 2, ...outcome });
	return { peer, call, returns, reject, history: peer.context.history };
}

describe('a call', () => {
	test('is recorded before it is made, and has no result until it returns', () => {
		const peer = new FakePeer();
		const seen: unknown[] = [];
		const call = SocketCall.make(peer, SEND, async () => {
			seen.push(...peer.context.history.of('call'));
			return { returned: 3, t: HISTORY_START, took: 0 };
		});
		expect(seen).toEqual([{ kind: 'call', t: 0, host: 'client', peer: 'client-1', pid: 7, ...SEND, source: 'socket' }]);
		expect(call.endedAt).toBeNaN();
		expect(call.text).toBe('send(3, "one", 0)');
	});

	test('that has returned has its value, its time, and the ends of its socket', async () => {
		const { call, returns, history } = made();
		returns({ returned: 3, local: CLIENT });
		expect(await call).toMatchObject({ returned: 3 });
		const socket = { family: 'IPv4', local: CLIENT, remote: SERVER };
		expect(history.of('call')).toMatchObject([{ t: 1, took: 2, returned: 3, socket }]);
		expect(call.event).toEqual(history.of('call')[0]);
		expect(call.endedAt).toBe(3);
	});

	test('can have another value for `await`, and is still the same call', async () => {
		const { call, returns } = made();
		const given = call.giving(({ returned }) => `descriptor ${returned}`);
		returns({ returned: 4 });
		expect(await given).toBe('descriptor 4');
		expect(given.event).toBe(call.event);
	});

	test('that failed throws CALL_FAILED if it is awaited, and need not be awaited', async () => {
		const { call, returns, history } = made();
		returns({ returned: -1, errno: 'EPIPE' });
		// An unhandled rejection would end this process here.
		await settle();
		expect(history.of('call')).toMatchObject([{ errno: 'EPIPE', took: 2 }]);
		expect(history.of('call')[0]).not.toHaveProperty('returned');
		await expect(call).rejects.toMatchObject({
			code: 'CALL_FAILED',
			problem: 'client-1 on the client: send(3, "one", 0) failed with EPIPE.',
			remedy: "If it should fail, expect that: await expect(….send(…)).toFailWith('EPIPE').",
		});
	});

	test('whose process ends never returned, and has neither a value nor an errno', async () => {
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

describe('besides its return value, a call records', () => {
	test.each([
		[['POLLIN', 'POLLHUP'], '[{fd=3, revents=POLLIN|POLLHUP}]'],
		[[], 'Timeout'],
	])('the events of poll %j in the format of strace', async (revents, result) => {
		const { call, returns, history } = made({ ...SEND, name: 'poll' });
		returns({ returned: revents.length === 0 ? 0 : 1, revents });
		await call;
		expect(history.of('call')).toMatchObject([{ result }]);
	});

	const SO_ERROR: CallDescription = {
		name: 'getsockopt',
		args: '3, SO_ERROR',
		fd: 3,
		socket: { family: 'IPv4', remote: SERVER },
	};

	test('SO_ERROR as an errno that no call returned, with the ends of its socket', async () => {
		const { call, returns, history } = made(SO_ERROR);
		// ECONNREFUSED (errno(3)).
		returns({ value: 111 });
		await call;
		expect(history.of('call')).toMatchObject([{ result: '[111]' }]);
		expect(history.of('error')).toEqual([
			{
				kind: 'error',
				t: 3,
				host: 'client',
				peer: 'client-1',
				errno: 'ECONNREFUSED',
				source: 'so_error',
				remote: SERVER,
			},
		]);
	});

	test.each([
		['no error', SO_ERROR, 0],
		['another option', { ...SO_ERROR, args: '3, SO_KEEPALIVE' }, 1],
	])('for %s only the value', async (_what, text, value) => {
		const { call, returns, history } = made(text);
		returns({ value });
		await call;
		expect(history.of('call')).toMatchObject([{ result: `[${value}]` }]);
		expect(history.of('error')).toEqual([]);
	});
});

describe('awaiting a call', () => {
	test('is an open wait while the call blocks', async () => {
		const { peer, call, returns } = made();
		expect(peer.context.waits.open).toEqual([]);
		const awaited = call.then(() => {});
		expect(peer.context.waits.open).toEqual([
			{ what: 'client-1 on the client: send(3, "one", 0) to return', limitMs: undefined },
		]);
		// Awaiting a call is an action of the spec, which may change the lab.
		expect(peer.context.actions.idle).toBe(false);
		returns({});
		await awaited;
		await settle();
		expect(peer.context.waits.open).toEqual([]);
		expect(peer.context.actions.idle).toBe(true);
	});

	test('is no open wait if the call has returned', async () => {
		const { peer, call, returns } = made();
		returns({});
		await settle();
		void call.then(() => {});
		expect(peer.context.waits.open).toEqual([]);
	});
});
