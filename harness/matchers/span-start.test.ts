import { describe, expect, test } from '@jest/globals';
import { fakeContext } from '../fixtures.ts';
import type { Event, EventOf, HostName } from '../timeline/events.ts';
import { lastActionOf } from './span-start.ts';

type Told = Exclude<Event, { kind: 'segment' | 'icmp' }>;

const fault = (
	t: number,
	host: HostName,
	phase: EventOf<'fault'>['phase'],
	what: EventOf<'fault'>['what'] = 'packets',
): Told => ({
	...{ kind: 'fault', t, host, id: 'drop-1', what, phase, text: 'DROP' },
});
const process = (t: number, host: HostName, peer: string, what: EventOf<'process'>['what']): Told => ({
	...{ kind: 'process', t, host, peer, what, text: 'hello' },
});
const call = (t: number, name: string, source: 'socket' | 'strace' = 'socket'): Told => ({
	...{ kind: 'call', t, host: 'client', peer: 'socket-1', pid: 1, name, args: '3', source },
});

function lastAct(events: readonly Told[], host: HostName, peer?: string) {
	const { history } = fakeContext();
	for (const event of events) history.add(event);
	return lastActionOf(history, host, peer);
}

describe('what a span counts from', () => {
	test('is the beginning where the spec did nothing', () => {
		expect(lastAct([], 'client')).toEqual({ t: 0, what: 'the beginning of the scenario' });
	});

	test.each<[string, Told]>([
		['something broken at the host', fault(2, 'client', 'injected')],
		['something mended at the host', fault(2, 'client', 'healed')],
		['the wire cut, which is told of the client but is between both', fault(2, 'client', 'injected', 'link')],
		['a start', process(2, 'client', 'nc-1', 'started')],
		['typed text', process(2, 'client', 'nc-1', 'typed')],
		['a signal', process(2, 'client', 'nc-1', 'signalled')],
		['a controlled socket’s call that makes TCP act', call(2, 'send')],
	])('is %s', (_, act) => {
		expect(lastAct([process(1, 'client', 'nc-1', 'started'), act], 'client').t).toBe(2);
	});

	test('is the cut of the wire for the server, too', () => {
		expect(lastAct([fault(2, 'client', 'injected', 'link')], 'server').t).toBe(2);
	});

	test.each<[string, Told]>([
		['a fault at the other host', fault(2, 'server', 'injected')],
		['a proof, which only looks', fault(2, 'client', 'proven')],
		['what the other host’s program was told', process(2, 'server', 'nc-2', 'typed')],
		['the end of a program, which happens by itself', process(2, 'client', 'nc-1', 'exited')],
		['a caption', { kind: 'step', t: 2, text: 'then' }],
		['a call that only waits', call(2, 'recv')],
		['a call of a traced program', call(2, 'send', 'strace')],
	])('is not %s', (_, event) => {
		expect(lastAct([process(1, 'client', 'nc-1', 'typed'), event], 'client').t).toBe(1);
	});

	test('is, for a peer, no act on another one of its host', () => {
		const acts = [process(1, 'client', 'nc-1', 'typed'), process(2, 'client', 'nc-2', 'typed')];
		expect(lastAct(acts, 'client', 'nc-1')).toEqual({ t: 1, what: '1.000 client nc-1 typed: hello' });
	});
});
