import { expect, test } from '@jest/globals';
import { settle } from '../fixtures.ts';
import { tracked } from './tracked.ts';

/** An expectation that looks before it waits, and what its call comes to. */
function looking() {
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

test('an expectation is pending from its first moment to its end', async () => {
	const { expectation, pending, pass } = looking();
	const waiting = expectation.toHold();
	expect([...pending]).toEqual(['expect(client).toHold']);
	pass(3);
	expect(await waiting).toBe(3);
	expect(pending.size).toBe(0);
});

test('one that fails while the scenario goes on fails', async () => {
	const { expectation, pending } = looking();
	await expect(expectation.toThrow()).rejects.toThrow('no');
	expect(pending.size).toBe(0);
});

test('one that fails after the scenario is over is nobody’s business', async () => {
	const { expectation, over, fail } = looking();
	let heard = false;
	expectation.toHold().then(
		() => {
			heard = true;
		},
		() => {
			heard = true;
		},
	);
	over.abort();
	fail(new Error('the host is gone'));
	await settle();
	expect(heard).toBe(false);
});
