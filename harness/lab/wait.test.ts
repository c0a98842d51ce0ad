import { describe, expect, test } from '@jest/globals';
import { failureOf, fakeContext, settle } from '../fixtures.ts';
import { waitFor } from './wait.ts';

const step = (t: number, text: string) => ({ kind: 'step', t, text }) as const;

/** Waits for the step “done”, and counts the checks. */
function waitForDone(context: ReturnType<typeof fakeContext>, limitMs = 1_000) {
	const checks = { count: 0 };
	const check = () => {
		checks.count++;
		return context.history.of('step').find(({ text }) => text === 'done');
	};
	return {
		checks,
		waiting: waitFor(context, { what: 'the end', limitMs, check, nearest: () => ['it was nearly done'] }),
	};
}

/** Expects that a wait has left no listener and no sleep. */
function expectNothingLeft({ history, clock }: ReturnType<typeof fakeContext>): void {
	expect({ listeners: history.listeners, sleeping: clock.sleeping }).toEqual({ listeners: 0, sleeping: 0 });
}

describe('a wait', () => {
	test('resolves at once if the condition is already met', async () => {
		const context = fakeContext();
		context.history.add(step(1, 'done'));
		const { checks, waiting } = waitForDone(context);
		expectNothingLeft(context);
		expect(await waiting).toEqual(step(1, 'done'));
		expect(checks.count).toBe(1);
	});

	test('resolves when the condition is met', async () => {
		const context = fakeContext();
		const { waiting } = waitForDone(context);
		context.history.add(step(1, 'not yet'));
		await settle();
		context.history.add(step(2, 'done'));
		expect(await waiting).toEqual(step(2, 'done'));
		expectNothingLeft(context);
	});

	test('resolves with a falsy result that is not undefined', async () => {
		expect(await waitFor(fakeContext(), { what: 'a zero', limitMs: 1, check: () => 0 })).toBe(0);
	});

	test('checks once for changes that come together', async () => {
		const context = fakeContext();
		const { checks, waiting } = waitForDone(context);
		for (let number = 0; number < 100; number++) context.history.add(step(number, 'not yet'));
		await settle();
		// At the start, and after all hundred changes.
		expect(checks.count).toBe(2);
		context.history.add(step(100, 'done'));
		await waiting;
	});

	test('rejects when its limit passes on the lab’s clock, and not before', async () => {
		const context = fakeContext();
		let ended = false;
		const failing = failureOf(waitForDone(context).waiting).finally(() => {
			ended = true;
		});
		context.clock.pass(999);
		await settle();
		expect(ended).toBe(false);
		context.clock.pass(1);
		expect(await failing).toMatchObject({ name: 'HalfopenError', code: 'LIMIT_PASSED' });
		expectNothingLeft(context);
	});

	test('that fails says what was awaited, how long, and the nearest candidates', async () => {
		const context = fakeContext();
		context.history.add(step(0.5, 'begun'));
		const failing = failureOf(waitForDone(context, 2_500).waiting);
		context.clock.pass(2_500);
		const { message } = await failing;
		expect(message).toContain('Waited 2.5 s for the end, but it did not happen.');
		expect(message).toMatch(/nearest:\n\s+it was nearly done\n/);
	});

	test('resolves with a change before its limit, even if the check comes after it', async () => {
		const context = fakeContext();
		const { waiting } = waitForDone(context);
		context.history.add(step(0.9, 'done'));
		// On a busy machine, the limit is processed before the check that the change has scheduled.
		context.clock.pass(1_000);
		expect(await waiting).toEqual(step(0.9, 'done'));
		expectNothingLeft(context);
	});

	test('flushes once more at its limit: an observer may be late with what happened before', async () => {
		const context = fakeContext();
		const flush = async () => context.history.add(step(0.9, 'done'));
		const check = () => context.history.of('step').find(({ text }) => text === 'done');
		const waiting = waitFor(context, { what: 'the end', limitMs: 1_000, check, flush });
		context.clock.pass(1_000);
		expect(await waiting).toEqual(step(0.9, 'done'));
		expectNothingLeft(context);
	});

	test('rejects with an error of a check, at the start or later', async () => {
		const context = fakeContext();
		const check = () => {
			if (context.history.events.length > 0) throw new Error('the peer is gone');
			return undefined;
		};
		const waiting = failureOf(waitFor(context, { what: 'it', limitMs: 1_000, check }));
		context.history.add(step(1, 'anything'));
		expect((await waiting).message).toBe('the peer is gone');
		expect((await failureOf(waitFor(context, { what: 'it', limitMs: 1_000, check }))).message).toBe('the peer is gone');
		expectNothingLeft(context);
	});

	test('ends independently of another wait', async () => {
		const context = fakeContext();
		const failing = failureOf(waitForDone(context, 100).waiting);
		const { waiting } = waitForDone(context, 1_000);
		context.clock.pass(100);
		await failing;
		expect(context.history.listeners).toBe(1);
		context.history.add(step(1, 'done'));
		await waiting;
		expectNothingLeft(context);
	});
});
