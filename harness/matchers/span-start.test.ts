import { describe, expect, test } from '@jest/globals';
import { fakeContext } from '../fixtures.ts';
import type { Event, EventOf, HostName } from '../timeline/events.ts';
import { lastActionOf } from './span-start.ts';

type AddedEvent = Exclude<Event, { kind: 'segment' | 'icmp' }>;

const fault = (
	t: number,
	host: HostName,
	phase: EventOf<'fault'>['phase'],
	what: EventOf<'fault'>['what'] = 'packets',
): AddedEvent => ({
	...{ kind: 'fault', t, host, id: 'drop-1', what, phase, text: 'DROP' },
});
const process = (t: number, host: HostName, peer: string, what: EventOf<'process'>['what']): AddedEvent => ({
	...{ kind: 'process', t, host, peer, what, text: 'hello' },
});
const call = (t: number, name: string, source: 'socket' | 'strace' = 'socket'): AddedEvent => ({
	...{ kind: 'call', t, host: 'client', peer: 'socket-1', pid: 1, name, args: '3', source },
});

function lastAction(events: readonly AddedEvent[], host: HostName, peer?: string) {
	const { history } = fakeContext();
	for (const event of events) history.add(event);
	return lastActionOf(history, host, peer);
}

describe('the start of a span', () => {
	test('is the beginning of the scenario if the spec has done nothing', () => {
		expect(lastAction([], 'client')).toEqual({ t: 0, what: 'the beginning of the scenario' });
	});

	test.each<[string, AddedEvent]>([
		['a fault at the host', fault(2, 'client', 'injected')],
		['the healing of a fault at the host', fault(2, 'client', 'healed')],
		['a cut link, which is an event of the client but is between both', fault(2, 'client', 'injected', 'link')],
		['a start', process(2, 'client', 'nc-1', 'started')],
		['typed text', process(2, 'client', 'nc-1', 'typed')],
		['a signal', process(2, 'client', 'nc-1', 'signalled')],
		['a call of a controlled socket that makes TCP do something', call(2, 'send')],
	])('is %s', (_, action) => {
		expect(lastAction([process(1, 'client', 'nc-1', 'started'), action], 'client').t).toBe(2);
	});

	test('is a cut link for the server, too', () => {
		expect(lastAction([fault(2, 'client', 'injected', 'link')], 'server').t).toBe(2);
	});

	test.each<[string, AddedEvent]>([
		['a fault at the other host', fault(2, 'server', 'injected')],
		['a proof, which changes nothing', fault(2, 'client', 'proven')],
		['text typed into a program of the other host', process(2, 'server', 'nc-2', 'typed')],
		['the end of a program, which is no action of the spec', process(2, 'client', 'nc-1', 'exited')],
		['a caption', { kind: 'step', t: 2, text: 'then' }],
		['a call that only waits', call(2, 'recv')],
		['a call of a traced program', call(2, 'send', 'strace')],
	])('is not %s', (_, event) => {
		expect(lastAction([process(1, 'client', 'nc-1', 'typed'), event], 'client').t).toBe(1);
	});

	test('for a peer is no action on another peer of its host', () => {
		const actions = [process(1, 'client', 'nc-1', 'typed'), process(2, 'client', 'nc-2', 'typed')];
		expect(lastAction(actions, 'client', 'nc-1')).toEqual({ t: 1, what: '1.000 client nc-1 typed: hello' });
	});
});
