import { expect, test } from '@jest/globals';
import { settle } from '../fixtures.ts';
import { tracked } from './tracked.ts';

/** An expectation whose matcher toHold settles when the test says so. */
function trackedExpectation() {
	const pending = new Set<string>();
	const over = new AbortController();
	let end: { pass: (value: number) => void; fail: (error: Error) => void } = { pass: () => {}, fail: () => {} };
	const work = new Promise<number>((pass, fail) => {
		end = { pass, fail };
	});
	const expectation = tracked({ toHold: () => work, toThrow: () => Promise.reject(new Error('no')) }, 'client', {
		pending,
		endSignal: over.signal,
	});
	return { expectation, pending, over, ...end };
}

test('an expectation is pending from its call until it settles', async () => {
	const { expectation, pending, pass } = trackedExpectation();
	const waiting = expectation.toHold();
	expect([...pending]).toEqual(['expect(client).toHold']);
	pass(3);
	expect(await waiting).toBe(3);
	expect(pending.size).toBe(0);
});

test('an expectation that fails during the scenario rejects', async () => {
	const { expectation, pending } = trackedExpectation();
	await expect(expectation.toThrow()).rejects.toThrow('no');
	expect(pending.size).toBe(0);
});

test('an expectation that fails after the end of the scenario does not settle', async () => {
	const { expectation, over, fail } = trackedExpectation();
	let settled = false;
	expectation.toHold().then(
		() => {
			settled = true;
		},
		() => {
			settled = true;
		},
	);
	over.abort();
	fail(new Error('the host is gone'));
	await settle();
	expect(settled).toBe(false);
});
