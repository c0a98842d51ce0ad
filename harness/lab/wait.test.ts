import { describe, expect, test } from '@jest/globals';
import { failureOf, fakeContext, settle } from '../fixtures.ts';
import { waitFor } from './wait.ts';

const step = (t: number, text: string) => ({ kind: 'step', t, text }) as const;

/** A wait for the step “done” that counts its looks. */
function waitForDone(context: ReturnType<typeof fakeContext>, limitMs = 1_000) {
	const looks = { count: 0 };
	const check = () => {
		looks.count++;
		return context.history.of('step').find(({ text }) => text === 'done');
	};
	return {
		looks,
		waiting: waitFor(context, { what: 'the end', limitMs, check, nearest: () => ['it was nearly done'] }),
	};
}

/** Nobody listens, nobody sleeps: nothing is left of a wait. */
function expectNothingLeft({ history, clock }: ReturnType<typeof fakeContext>): void {
	expect({ listeners: history.listeners, sleeping: clock.sleeping }).toEqual({ listeners: 0, sleeping: 0 });
}

describe('a wait', () => {
	test('passes at once where it has come already', async () => {
		const context = fakeContext();
		context.history.add(step(1, 'done'));
		const { looks, waiting } = waitForDone(context);
		expectNothingLeft(context);
		expect(await waiting).toEqual(step(1, 'done'));
		expect(looks.count).toBe(1);
	});

	test('passes when it comes', async () => {
		const context = fakeContext();
		const { waiting } = waitForDone(context);
		context.history.add(step(1, 'not yet'));
		await settle();
		context.history.add(step(2, 'done'));
		expect(await waiting).toEqual(step(2, 'done'));
		expectNothingLeft(context);
	});

	test('passes with what is no truth but no undefined either', async () => {
		expect(await waitFor(fakeContext(), { what: 'a zero', limitMs: 1, check: () => 0 })).toBe(0);
	});

	test('looks once at changes that come together', async () => {
		const context = fakeContext();
		const { looks, waiting } = waitForDone(context);
		for (let number = 0; number < 100; number++) context.history.add(step(number, 'not yet'));
		await settle();
		// At the start, and after all hundred.
		expect(looks.count).toBe(2);
		context.history.add(step(100, 'done'));
		await waiting;
	});

	test('ends when its limit passes, by the lab’s clock and not before', async () => {
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

	test('that ends in vain says what was waited for, how long, and what came nearest', async () => {
		const context = fakeContext();
		context.history.add(step(0.5, 'begun'));
		const failing = failureOf(waitForDone(context, 2_500).waiting);
		context.clock.pass(2_500);
		const { message } = await failing;
		expect(message).toContain('Waited 2.5 s for the end, but it did not happen.');
		expect(message).toMatch(/nearest:\n\s+it was nearly done\n/);
	});

	test('passes with what came before its limit, though nobody had looked at it by then', async () => {
		const context = fakeContext();
		const { waiting } = waitForDone(context);
		context.history.add(step(0.9, 'done'));
		// A busy machine: the limit is dealt with before the look that the change asked for.
		context.clock.pass(1_000);
		expect(await waiting).toEqual(step(0.9, 'done'));
		expectNothingLeft(context);
	});

	test('ends with an error that a look throws, at the start or later', async () => {
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

	test('beside another ends alone', async () => {
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
