import { describe, expect, test } from '@jest/globals';
import { fakeContext } from '../fixtures.ts';
import type { EventOf } from '../timeline/events.ts';
import { frozenFor, offFor } from './cannot-happen.ts';

type FaultOfServer = Pick<EventOf<'fault'>, 'what' | 'phase'> & { readonly id?: string };

/** A lab with these events of faults at the server, one second apart. */
function labAfter(...faults: readonly FaultOfServer[]) {
	const context = fakeContext();
	for (const [t, fault] of faults.entries()) {
		context.history.add({
			kind: 'fault',
			t,
			host: 'server',
			id: fault.what === 'programs' ? 'pause-1' : 'power-1',
			text: fault.what,
			...fault,
		});
	}
	return context;
}

const frozen: FaultOfServer = { what: 'programs', phase: 'injected' };
const resumed: FaultOfServer = { what: 'programs', phase: 'healed' };
const off: FaultOfServer = { what: 'power', phase: 'injected' };
const on: FaultOfServer = { what: 'power', phase: 'healed' };

describe('programs do nothing', () => {
	test('from the pause on, at that host, until it is healed', () => {
		expect(frozenFor(labAfter(frozen), 'server')?.why).toContain('since 0.000 s');
		expect(frozenFor(labAfter(frozen, { what: 'programs', phase: 'proven' }), 'server')).toBeDefined();
		expect(frozenFor(labAfter(frozen), 'client')).toBeUndefined();
		expect(frozenFor(labAfter(frozen, resumed), 'server')).toBeUndefined();
	});

	test('which does not hold for killed ones: their ends are recorded a moment later', () => {
		expect(frozenFor(labAfter({ ...frozen, id: 'kill-1' }), 'server')).toBeUndefined();
	});

	test('only until the end of their boot', () => {
		expect(frozenFor(labAfter(frozen, off, on), 'server')).toBeUndefined();
		expect(frozenFor(labAfter(frozen, off, on, frozen), 'server')?.why).toContain('since 3.000 s');
	});

	test('unless the spec performs an action, which may resume them', async () => {
		const context = labAfter(frozen);
		await context.actions.during(async () => expect(frozenFor(context, 'server')).toBeUndefined());
		expect(frozenFor(context, 'server')).toBeDefined();
	});
});

test('a host sends nothing while its power is off', () => {
	expect(offFor(labAfter(off), 'server')).toBeDefined();
	expect(offFor(labAfter(off, on), 'server')).toBeUndefined();
	expect(offFor(labAfter(frozen), 'server')).toBeUndefined();
});
