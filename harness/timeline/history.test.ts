import { describe, expect, test } from '@jest/globals';
import type { EventOf, HostName } from './events.ts';
import { emptyHistory, HISTORY_START, SimulatedWire, stateEvent } from './fixtures.ts';

const step = (t: number, text = 'a step'): EventOf<'step'> => ({ kind: 'step', t, text });
const call = (t: number, more: Partial<EventOf<'call'>> = {}): EventOf<'call'> => ({
	kind: 'call',
	t,
	host: 'client',
	peer: 'nc-1',
	pid: 7,
	name: 'read',
	args: '3',
	source: 'strace',
	...more,
});

describe('events', () => {
	test('are in order of time, segments included, whatever the order in which they were added', () => {
		const history = emptyHistory();
		history.add(step(3));
		for (const observation of new SimulatedWire().send(2, 'client', 'S').send(0.5, 'server', 'R').observations)
			history.observe(observation);
		history.add(step(1));
		expect(history.events.map(({ kind, t }) => [kind, t])).toEqual([
			['segment', 0.5],
			['step', 1],
			['segment', 2],
			['step', 3],
		]);
	});

	test('at the same time are in the order in which they were added', () => {
		const history = emptyHistory();
		for (const text of ['one', 'two', 'three']) history.add(step(1, text));
		expect(history.of('step').map(({ text }) => text)).toEqual(['one', 'two', 'three']);
	});

	test('appear at once, also after an earlier read', () => {
		const history = emptyHistory();
		expect(history.events).toEqual([]);
		history.add(step(1));
		expect(history.events).toHaveLength(1);
		for (const observation of new SimulatedWire().send(2, 'client', 'S').observations) history.observe(observation);
		expect(history.segments).toHaveLength(1);
		expect(history.events).toHaveLength(2);
	});

	test('are selected by kind, and by host if one is given', () => {
		const history = emptyHistory();
		for (const host of ['client', 'server'] as const satisfies HostName[])
			history.add(stateEvent(1, host, 'SYN-SENT', 'ESTAB'));
		history.add(step(2));
		expect(history.of('state')).toHaveLength(2);
		expect(history.of('state', 'server')).toMatchObject([{ host: 'server' }]);
		// A step has no host.
		expect(history.of('step', 'client')).toEqual([]);
	});
});

describe('replacing', () => {
	test('puts the new event in the place of the old one', () => {
		const history = emptyHistory();
		const blocked = call(1);
		history.add(blocked);
		history.add(step(1));
		history.replace(blocked, call(1, { returned: 0, took: 0.5 }));
		expect(history.events).toMatchObject([{ kind: 'call', returned: 0 }, { kind: 'step' }]);
	});

	test('adds the event if the old one was removed when the history began', () => {
		const history = emptyHistory();
		const blocked = call(-1);
		history.add(blocked);
		history.begin(HISTORY_START);
		history.replace(blocked, call(-1, { returned: 0 }));
		expect(history.of('call')).toMatchObject([{ returned: 0 }]);
	});
});

test('when the history begins, everything before is removed, and time counts from there', () => {
	const history = emptyHistory();
	history.add(step(1));
	for (const observation of new SimulatedWire().send(2, 'client', 'S').observations) history.observe(observation);
	expect(history.events).toHaveLength(2);
	history.begin(HISTORY_START + 10);
	expect(history.events).toEqual([]);
	expect(history.at(HISTORY_START + 10.000_123)).toBe(0.000_123);
});

test('losses are kept when the history begins', () => {
	const history = emptyHistory();
	history.lose({ observer: 'capture', host: 'client', what: '3 packets' });
	history.begin(HISTORY_START);
	expect(history.losses).toEqual([{ observer: 'capture', host: 'client', what: '3 packets' }]);
});

test('a listener is called after every change until it is removed', () => {
	const history = emptyHistory();
	const counts: number[] = [];
	const remove = history.onChange(() => counts.push(history.events.length));
	const blocked = call(1);
	history.add(blocked);
	history.replace(blocked, call(1, { returned: 0 }));
	for (const observation of new SimulatedWire().send(2, 'client', 'S', { fate: 'unobserved' }).observations)
		history.observe(observation);
	remove();
	history.add(step(3));
	expect(counts).toEqual([1, 1, 2]);
});

test('an address belongs to a host or to none', () => {
	const history = emptyHistory();
	expect(['198.18.0.2', '198.18.0.3', '198.18.0.1', '0.0.0.0'].map((address) => history.hostOf(address))).toEqual([
		'client',
		'server',
		undefined,
		undefined,
	]);
});

test('the options of a SYN are those of the last SYN that its sender’s own capture saw leave', () => {
	const history = emptyHistory();
	expect(history.synOptions('client')).toBeUndefined();
	const wire = new SimulatedWire()
		.send(1, 'client', 'S', { options: { mss: 1460 }, fate: 'dropped' })
		.send(2, 'client', 'S', { options: { mss: 1400, sackPermitted: true } })
		.send(2.1, 'server', 'S.', { options: { mss: 536 } })
		.send(2.2, 'client', '.', { options: {} });
	for (const observation of wire.observations) history.observe(observation);
	expect(history.synOptions('client')).toEqual({ mss: 1400, sackPermitted: true });
	expect(history.synOptions('server')).toEqual({ mss: 536 });
});
