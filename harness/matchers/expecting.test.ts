import { describe, expect, test } from '@jest/globals';
import type { HalfopenError } from '../errors.ts';
import { failureOf, fakeContext, settle } from '../fixtures.ts';
import { Timeline } from '../lab/timeline-queries.ts';
import { spanOf } from '../tcp/span.ts';
import { SimulatedWire } from '../timeline/fixtures.ts';
import { expectEventually, expectSilence, type SilencePeriod, type WaitOptions } from './expecting.ts';
import { TimelineExpectation } from './timeline-matchers.ts';

const begun = () => ({ t: 0, what: 'the beginning' });

/** Waits for the step “done”. */
const done = (context: ReturnType<typeof fakeContext>) => ({
	what: 'the step',
	check: () => context.history.of('step').find(({ text }) => text === 'done'),
	nearest: () => ['nearly done'],
});

describe('an expectation', () => {
	test('is pending only while it waits', async () => {
		const context = fakeContext();
		const waiting = expectEventually(context, done(context), {}, begun);
		expect([...context.pending]).toEqual(['the step']);
		context.history.add({ kind: 'step', t: 1, text: 'done' });
		expect(await waiting).toMatchObject({ t: 1, text: 'done' });
		expect(context.pending.size).toBe(0);
	});

	test('that has failed is not pending any more', async () => {
		const context = fakeContext();
		const waiting = failureOf(expectEventually(context, done(context), {}, begun));
		context.clock.pass(15_000);
		expect(await waiting).toMatchObject({ code: 'LIMIT_PASSED' });
		expect(context.pending.size).toBe(0);
	});

	test('without `after` waits 15 s', async () => {
		const context = fakeContext();
		const waiting = failureOf(expectEventually(context, done(context), {}, begun));
		context.clock.pass(14_999);
		await settle();
		expect(context.pending.size).toBe(1);
		context.clock.pass(2);
		expect((await waiting).message).toContain('Waited 15 s for the step');
	});

	test('with `after` waits until its upper bound', async () => {
		const context = fakeContext();
		const waiting = failureOf(
			expectEventually(context, done(context), { after: { atLeastMs: 1_000, atMostMs: 40_000 } }, begun),
		);
		context.clock.pass(39_999);
		await settle();
		expect(context.pending.size).toBe(1);
		context.clock.pass(2);
		expect((await waiting).message).toContain('Waited 40 s');
	});

	test('fails if the event came before the lower bound, and says when it came', async () => {
		const context = fakeContext();
		context.history.add({ kind: 'step', t: 10, text: 'begun' });
		context.history.add({ kind: 'step', t: 12.5, text: 'done' });
		const failure = await failureOf(
			expectEventually(context, done(context), { after: spanOf(12_600), since: 10 }, begun),
		);
		expect(failure.message).toContain(
			'Expected the step not before 12600 ms, but it came after 2500.0 ms. [TOO_EARLY]',
		);
		expect(context.pending.size).toBe(0);
	});

	test('that fails with TOO_EARLY names the start of the span, and how to change it', async () => {
		const context = fakeContext();
		const found = { what: 'it', check: () => ({ t: 15 }) };
		const typed = () => ({ t: 12, what: '12.000 client nc-1 typed: hello' });
		const failure = await failureOf(expectEventually(context, found, { after: spanOf(5_000) }, typed));
		expect(failure).toMatchObject({
			code: 'TOO_EARLY',
			seen: 'counted from 12.000 s: 12.000 client nc-1 typed: hello',
		});
		expect((failure as HalfopenError).remedy).toContain('since: …');
		expect(await expectEventually(context, found, { after: spanOf(5_000), since: 1 }, typed)).toEqual({ t: 15 });
	});

	test.each([
		[{ after: { atLeastMs: 0 } }, 'OPTION_INVALID'],
		[{ after: { atLeastMs: 2, atMostMs: 1 } }, 'OPTION_INVALID'],
		[{ after: spanOf(1), since: Number.NaN }, 'OPTION_INVALID'],
		[{ afer: spanOf(1) }, 'OPTION_UNKNOWN'],
	])('refuses the options %j', async (options, code) => {
		const context = fakeContext();
		expect(await failureOf(expectEventually(context, done(context), options as WaitOptions, begun))).toMatchObject({
			code,
		});
		expect(context.pending.size).toBe(0);
	});

	test('tolerates one jiffy of HZ=100, which is 10 ms, and no more', async () => {
		const context = fakeContext();
		const found = (t: number) => ({ what: 'it', check: () => ({ t }) });
		await expectEventually(context, found(0.991), { after: spanOf(1_000), since: 0 }, begun);
		expect(
			(await failureOf(expectEventually(context, found(0.989), { after: spanOf(1_000), since: 0 }, begun))).message,
		).toContain('989.0 ms');
	});

	test('that fails has a stack with its message first, and without the frames of the matchers', async () => {
		const context = fakeContext();
		const waiting = failureOf(expectEventually(context, done(context), {}, begun));
		context.clock.pass(15_000);
		const { message, stack } = await waiting;
		expect(stack?.startsWith(`HalfopenError: ${message}`)).toBe(true);
		expect(stack).not.toContain('/harness/matchers/');
		expect(stack).not.toContain('/harness/lab/wait.ts');
	});
});

describe('an expectation of segments', () => {
	function shown(...flags: string[]) {
		const context = fakeContext();
		const wire = new SimulatedWire();
		for (const [index, one] of flags.entries()) wire.send(index, 'client', one, { seq: index });
		for (const observation of wire.observations) context.history.observe(observation);
		return { context, timeline: new TimelineExpectation(new Timeline(context)) };
	}

	test('resolves if they are all segments, and fails at once if a segment differs from the patterns', async () => {
		const { timeline } = shown('S', '.');
		await timeline.toShowSegments('> S', '> .');
		expect(await failureOf(timeline.toShowSegments('> S'))).toMatchObject({
			code: 'CANNOT_HAPPEN',
			problem: expect.stringContaining(
				'after 1 segments that match, no segment was expected, but this one was sent: 1.000 client > . seq 1',
			),
		});
		expect((await failureOf(timeline.toShowSegments('2x > S', '> .'))).message).toContain(
			'after 1 segments that match, “2x > S” was expected',
		);
	});

	test('waits for segments that may still come, and shows those that came', async () => {
		const { context, timeline } = shown('S', '.');
		const failing = failureOf(timeline.toShowSegments('> S', '> .', '> R'));
		await settle();
		context.clock.pass(15_000);
		const { message } = await failing;
		expect(message).toContain('for the segments > S');
		expect(message).toMatch(/nearest:\n\s+0\.000 {2}client {2}> S seq 0/);
	});

	test('resolves if the segment was sent; toShowNoSegment then shows it', async () => {
		const { timeline } = shown('S', 'R');
		await timeline.toShowSegment('> R');
		await timeline.toShowNoSegment('< R sent');
		const { message } = await failureOf(timeline.toShowNoSegment('> R sent'));
		expect(message).toContain('Expected no segment > R sent, but there were 1. [EXPECTATION_FAILED]');
		expect(message).toContain('> R seq 1');
	});

	test('of retransmissions resolves if the times match, and says which gap differs', async () => {
		const { timeline } = shown('S', 'S', 'S', '.');
		await timeline.toRetransmit('> S', [1_000, 2_000]);
		await timeline.toRetransmit('> .', []);
		expect((await failureOf(timeline.toRetransmit('> S', [1_000]))).message).toContain('2 gaps instead of 1');
		expect((await failureOf(timeline.toRetransmit('> S', [1_000, 3_000]))).message).toContain(
			'gap 2 is 1000 ms instead of 2000 ms',
		);
		expect((await failureOf(timeline.toRetransmit('< S', []))).message).toContain('it was never sent');
	});

	test('with a count counts the segments, with others between them', async () => {
		const { context, timeline } = shown('S', 'P.', '.', 'P.', '.', 'P.');
		await timeline.toShowSegment('3x > P.');
		await timeline.toShowSegment('2..x > P.');
		await timeline.toShowSegment('> P.');
		expect(await failureOf(timeline.toShowSegment('2x > P.'))).toMatchObject({
			code: 'CANNOT_HAPPEN',
			problem: expect.stringContaining('3 were sent already'),
		});
		const failing = failureOf(timeline.toShowSegment('4x > P.'));
		await settle();
		context.clock.pass(15_000);
		expect((await failing).message).toMatch(/nearest:\n\s+3 such/);
	});

	test('with gaps resolves if each gap matches its model or span', async () => {
		const { timeline } = shown('S', 'P.', '.', '.', 'P.', 'P.');
		await timeline.toShowGaps('> P.', [3_000, { atLeastMs: 900, atMostMs: 1_100 }]);
		const failure = await failureOf(timeline.toShowGaps('> P.', [3_000, { atLeastMs: 1_100, atMostMs: 1_200 }]));
		expect(failure).toMatchObject({
			code: 'EXPECTATION_FAILED',
			problem: expect.stringContaining('gap 2 is 1000 ms instead of 1100 to 1200 ms'),
		});
		expect((await failureOf(timeline.toShowGaps('> P.', [3_000]))).message).toContain('2 gaps instead of 1');
		expect(await failureOf(timeline.toShowGaps('> P.', [Number.NaN]))).toMatchObject({ code: 'OPTION_INVALID' });
	});

	test('that names a fault that does not exist is refused at once, also if no segment is expected', async () => {
		const { context, timeline } = shown('S');
		const fault = { kind: 'fault', t: 0, host: 'server', id: 'loss', what: 'packets', text: 'DROP in' } as const;
		expect(await failureOf(timeline.toShowSegment('> S dropped by loss'))).toMatchObject({
			code: 'FAULT_UNKNOWN',
			seen: 'no fault was injected so far',
		});
		context.history.add({ ...fault, phase: 'injected' });
		for (const typo of [
			timeline.toShowSegment('> S dropped by losss'),
			timeline.toShowNoSegment('> S dropped by losss'),
			timeline.toShowSegments('> S dropped by losss'),
			timeline.toRetransmit('> S dropped by losss', []),
			timeline.toStaySilent({ forMs: 1 }, '> S dropped by losss'),
		]) {
			expect(await failureOf(typo)).toMatchObject({ code: 'FAULT_UNKNOWN', seen: 'nearest: loss' });
		}
		context.history.add({ ...fault, phase: 'healed', t: 3, proof: 'dropped 1 packet' });
		expect(await failureOf(timeline.toShowSegment('> S dropped by loss'))).toMatchObject({
			code: 'CANNOT_HAPPEN',
			problem: expect.stringContaining('loss was healed at 3.000 s (dropped 1 packet)'),
		});
	});

	test('of a host without power fails at once, except for forged segments', async () => {
		const { context, timeline } = shown('S');
		const off = {
			kind: 'fault',
			t: 3,
			host: 'client',
			id: 'power-1',
			what: 'power',
			phase: 'injected',
			text: 'power off',
		} as const;
		context.history.add(off);
		expect(await failureOf(timeline.toShowSegment('> R'))).toMatchObject({
			code: 'CANNOT_HAPPEN',
			problem: expect.stringContaining('the client’s power is off since 3.000 s'),
		});
		// The other host's firewall may still forge segments of it, if it rejects packets that leave.
		const forged = failureOf(timeline.toShowSegment('> R forged'));
		await settle();
		context.clock.pass(15_000);
		expect(await forged).toMatchObject({ code: 'LIMIT_PASSED' });
	});

	test('with an invalid pattern is refused', async () => {
		const { timeline } = shown('S');
		// @ts-expect-error: no such flag
		expect(await failureOf(timeline.toShowSegment('> SYN'))).toMatchObject({ code: 'PATTERN_INVALID' });
	});

	test('of no segment allows no count, because no single segment could match it', async () => {
		const { timeline } = shown('R', 'R');
		// @ts-expect-error: a count
		expect(await failureOf(timeline.toShowNoSegment('2x > R'))).toMatchObject({ code: 'PATTERN_INVALID' });
		// @ts-expect-error: any number of any
		expect(await failureOf(timeline.toShowSegment('...'))).toMatchObject({ code: 'PATTERN_INVALID' });
		// @ts-expect-error: any number of any
		expect(await failureOf(timeline.toShowNoSegment('...'))).toMatchObject({ code: 'PATTERN_INVALID' });
	});
});

describe('a silence', () => {
	function silence(context: ReturnType<typeof fakeContext>) {
		const violations = () => context.history.of('step').map(({ text }) => text);
		return { what: 'nothing to be done', violations, flush: context.flush };
	}

	test('resolves when its time has passed on the lab’s clock, and not before', async () => {
		const context = fakeContext();
		let passed = false;
		const waiting = expectSilence(context, silence(context), { forMs: 2_000 }).then(() => {
			passed = true;
		});
		await settle();
		context.clock.pass(1_999);
		await settle();
		expect(passed).toBe(false);
		context.clock.pass(1);
		await waiting;
	});

	test('that is broken fails at once', async () => {
		const context = fakeContext();
		const waiting = failureOf(expectSilence(context, silence(context), { forMs: 2_000 }));
		context.history.add({ kind: 'step', t: 1, text: 'done' });
		expect(await waiting).toMatchObject({ code: 'EXPECTATION_FAILED', seen: 'done' });
	});

	test('counts from the time of the expectation, not from the end of the first flush', async () => {
		const context = fakeContext();
		const times: number[] = [];
		const flush = async () => context.clock.pass(500);
		const violations = ({ from, flushedAt, until }: SilencePeriod) => {
			times.push(from, flushedAt, until);
			return [];
		};
		const waiting = expectSilence(context, { what: 'nothing to be done', violations, flush }, { forMs: 2_000 });
		await settle();
		context.clock.pass(2_000);
		await waiting;
		const [from = 0, flushedAt, until] = times;
		expect([flushedAt, until]).toEqual([from + 0.5, from + 2]);
	});

	test('considers what observers report only in the last flush', async () => {
		const context = fakeContext();
		let flushes = 0;
		const flush = async () => {
			if (++flushes === 2) context.history.add({ kind: 'step', t: 1, text: 'late' });
		};
		const waiting = failureOf(expectSilence(context, { ...silence(context), flush }, { forMs: 2_000 }));
		await settle();
		context.clock.pass(2_000);
		expect(await waiting).toMatchObject({ code: 'EXPECTATION_FAILED', seen: 'late' });
	});

	test('without a positive time is refused', async () => {
		const context = fakeContext();
		for (const forMs of [0, Number.NaN, -1]) {
			expect(await failureOf(expectSilence(context, silence(context), { forMs }))).toMatchObject({
				code: 'OPTION_INVALID',
			});
		}
	});
});
