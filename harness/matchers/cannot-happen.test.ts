import { describe, expect, test } from '@jest/globals';
import { fakeContext } from '../fixtures.ts';
import type { EventOf } from '../timeline/events.ts';
import { frozenFor, offFor } from './cannot-happen.ts';

type Told = Pick<EventOf<'fault'>, 'what' | 'phase'> & { readonly id?: string };

/** A lab in which these faults of the server were told, one after the other. */
function labAfter(...faults: readonly Told[]) {
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

const frozen: Told = { what: 'programs', phase: 'injected' };
const thawed: Told = { what: 'programs', phase: 'healed' };
const off: Told = { what: 'power', phase: 'injected' };
const on: Told = { what: 'power', phase: 'healed' };

describe('programs do nothing', () => {
	test('from the pause on, at that host, until it is healed', () => {
		expect(frozenFor(labAfter(frozen), 'server')?.why).toContain('since 0.000 s');
		expect(frozenFor(labAfter(frozen, { what: 'programs', phase: 'proven' }), 'server')).toBeDefined();
		expect(frozenFor(labAfter(frozen), 'client')).toBeUndefined();
		expect(frozenFor(labAfter(frozen, thawed), 'server')).toBeUndefined();
	});

	test('which does not hold for killed ones: each has an end, which is told a moment later', () => {
		expect(frozenFor(labAfter({ ...frozen, id: 'kill-1' }), 'server')).toBeUndefined();
	});

	test('no longer than the boot that they are of', () => {
		expect(frozenFor(labAfter(frozen, off, on), 'server')).toBeUndefined();
		expect(frozenFor(labAfter(frozen, off, on, frozen), 'server')?.why).toContain('since 3.000 s');
	});

	test('which the spec may change while it does something', async () => {
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
