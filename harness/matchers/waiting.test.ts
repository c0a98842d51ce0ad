import { describe, expect, test } from '@jest/globals';
import { HalfopenError } from '../errors.ts';
import { failureOf, fakeContext, settle } from '../fixtures.ts';
import { spanOf } from '../tcp.ts';
import { Wire } from '../timeline/fixtures.ts';
import { Timeline } from '../timeline.ts';
import { TimelineExpectation } from './timeline.ts';
import { expectEventually } from './waiting.ts';

/** Waits for the step “done”. */
const done = (context: ReturnType<typeof fakeContext>) => ({
	what: 'the end of the story',
	check: () => context.history.of('step').find(({ text }) => text === 'done'),
	nearest: () => ['nearly done'],
});

describe('an expectation', () => {
	test('is pending while it waits, and no longer', async () => {
		const context = fakeContext();
		const waiting = expectEventually(context, done(context), {});
		expect([...context.pending]).toEqual(['the end of the story']);
		context.history.add({ kind: 'step', t: 1, text: 'done' });
		expect(await waiting).toMatchObject({ t: 1, text: 'done' });
		expect(context.pending.size).toBe(0);
	});

	test('that fails is pending no longer either', async () => {
		const context = fakeContext();
		const waiting = failureOf(expectEventually(context, done(context), {}));
		context.clock.pass(15_000);
		expect(await waiting).toMatchObject({ code: 'LIMIT_PASSED' });
		expect(context.pending.size).toBe(0);
	});

	test('of what no timer delays waits 15 s', async () => {
		const context = fakeContext();
		const waiting = failureOf(expectEventually(context, done(context), {}));
		context.clock.pass(14_999);
		await settle();
		expect(context.pending.size).toBe(1);
		context.clock.pass(2);
		expect((await waiting).message).toContain('Waited 15 s for the end of the story');
	});

	test('of what a timer delays waits as long as the formula allows', async () => {
		const context = fakeContext();
		const waiting = failureOf(expectEventually(context, done(context), { after: { atLeastMs: 1_000, atMostMs: 40_000 } }));
		context.clock.pass(39_999);
		await settle();
		expect(context.pending.size).toBe(1);
		context.clock.pass(2);
		expect((await waiting).message).toContain('Waited 40 s');
	});

	test('fails where it came before its time, and says by how much', async () => {
		const context = fakeContext();
		context.history.add({ kind: 'step', t: 10, text: 'begun' });
		context.history.add({ kind: 'step', t: 12.5, text: 'done' });
		const failure = await failureOf(expectEventually(context, done(context), { after: spanOf(12_600), since: 10 }));
		expect(failure.message).toBe('Expected the end of the story not before 12600 ms, but it came after 2500.0 ms.');
		expect(context.pending.size).toBe(0);
	});

	test('counts from the last thing that the spec did, unless it is told from when', async () => {
		const context = fakeContext();
		const { history } = context;
		history.add({ kind: 'fault', t: 10, host: 'server', id: 'power-1', what: 'power', phase: 'injected', text: 'power off' });
		history.add({ kind: 'output', t: 15, host: 'client', peer: 'nc-1', stream: 'out', text: 'timed out' });
		const wait = { what: 'an output', check: () => history.of('output')[0] };
		expect(await expectEventually(context, wait, { after: spanOf(5_000) })).toMatchObject({ t: 15 });
		expect((await failureOf(expectEventually(context, wait, { after: spanOf(5_000), since: 14 }))).message).toContain('after 1000.0 ms');
		expect(await expectEventually(context, wait, { after: spanOf(5_000), since: 1 })).toMatchObject({ t: 15 });
	});

	test('allows a jiffy of 10 ms, which is what HZ=100 counts in, and no more', async () => {
		const context = fakeContext();
		const found = (t: number) => ({ what: 'it', check: () => ({ t }) });
		await expectEventually(context, found(0.991), { after: spanOf(1_000), since: 0 });
		expect((await failureOf(expectEventually(context, found(0.989), { after: spanOf(1_000), since: 0 }))).message).toContain('989.0 ms');
	});

	test('that fails shows its message first, and the lines of the spec, not of the matchers', async () => {
		const context = fakeContext();
		const waiting = failureOf(expectEventually(context, done(context), {}));
		context.clock.pass(15_000);
		const { message, stack } = await waiting;
		expect(stack?.startsWith(`HalfopenError: ${message}`)).toBe(true);
		expect(stack).not.toContain('/harness/matchers/');
		expect(stack).not.toContain('/harness/wait.ts');
	});
});

describe('an expectation of segments', () => {
	function shown(...flags: string[]) {
		const context = fakeContext();
		const wire = new Wire();
		for (const [index, one] of flags.entries()) wire.send(index, 'client', one, { seq: index });
		for (const sighting of wire.sightings) context.history.see(sighting);
		return { context, timeline: new TimelineExpectation(new Timeline(context)) };
	}

	test('passes where they are the whole wire, and shows the wire where they are not', async () => {
		const { context, timeline } = shown('S', '.');
		await timeline.toShowSegments('> S', '> .');
		const failing = failureOf(timeline.toShowSegments('> S'));
		await settle();
		context.clock.pass(15_000);
		const { message } = await failing;
		expect(message).toContain('for the segments > S');
		expect(message).toMatch(/nearest:\n\s+0\.000 {2}client {2}> S seq 0/);
	});

	test('of one that there is passes, of none that there is shows it', async () => {
		const { timeline } = shown('S', 'R');
		await timeline.toShowSegment('> R');
		await timeline.toShowNoSegment('< R');
		const { message } = await failureOf(timeline.toShowNoSegment('> R'));
		expect(message).toContain('Expected no segment > R, but there were 1:');
		expect(message).toContain('> R seq 1');
	});

	test('of one sent again passes where its times keep to the formula, and says where they do not', async () => {
		const { timeline } = shown('S', 'S', 'S', '.');
		await timeline.toRetransmit('> S', [1_000, 2_000]);
		await timeline.toRetransmit('> .', []);
		expect((await failureOf(timeline.toRetransmit('> S', [1_000]))).message).toContain('2 gaps instead of 1');
		expect((await failureOf(timeline.toRetransmit('> S', [1_000, 3_000]))).message).toContain('gap 2 is 1000 ms instead of 2000 ms');
		expect((await failureOf(timeline.toRetransmit('< S', []))).message).toContain('it was never sent');
	});

	test('waits for no segment whose pattern is wrong', async () => {
		const { timeline } = shown('S');
		// @ts-expect-error: no such flag
		expect(await failureOf(timeline.toShowSegment('> SYN'))).toBeInstanceOf(HalfopenError);
	});

	test('of one segment takes no count: twice one segment never is, so there would be none whatever happened', async () => {
		const { timeline } = shown('R', 'R');
		// @ts-expect-error: a count
		expect(await failureOf(timeline.toShowNoSegment('2x > R'))).toMatchObject({ code: 'BAD_ARGUMENT' });
		// @ts-expect-error: a count
		expect(await failureOf(timeline.toShowSegment('2x > R'))).toMatchObject({ code: 'BAD_ARGUMENT' });
		// @ts-expect-error: any number of any
		expect(await failureOf(timeline.toShowNoSegment('...'))).toMatchObject({ code: 'BAD_ARGUMENT' });
	});
});
