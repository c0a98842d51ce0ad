import { describe, expect, test } from '@jest/globals';
import { failureOf, fakeContext, settle } from '../fixtures.ts';
import { Timeline } from '../lab/timeline-queries.ts';
import type { Peer } from '../peers/peer.ts';
import type { EventOf } from '../timeline/events.ts';
import { HISTORY_START, SimulatedWire } from '../timeline/fixtures.ts';
import { PeerExpectation } from './peer-matchers.ts';
import { TimelineExpectation } from './timeline-matchers.ts';

const HOSTS = ['client', 'server'] as const;

/**
 * A lab whose observers run from the beginning and lag behind: they are complete only after a flush. Each flush first
 * calls `report`.
 */
function lagging(report: () => void = () => {}) {
	const context = fakeContext();
	const { history } = context;
	for (const host of HOSTS)
		for (const observer of ['capture', 'firewall', 'strace'] as const) history.started({ observer, host }, 0);
	let flushes = 0;
	const flush = async () => {
		flushes++;
		const begun = history.at(context.clock.now());
		await settle();
		report();
		for (const host of HOSTS)
			for (const observer of ['capture', 'firewall', 'strace'] as const)
				history.markComplete({ observer, host }, begun);
	};
	history.add({ kind: 'fault', t: 0, host: 'server', id: 'drop-1', what: 'packets', phase: 'injected', text: 'DROP' });
	const lab = { ...context, flush };
	return { context: lab, history, timeline: new TimelineExpectation(new Timeline(lab)), flushes: () => flushes };
}

/**
 * The observations of one segment of the client: where it left, where it arrived, and the entry of the firewall's log.
 */
function observationsOf(fate: 'delivered' | 'dropped' | 'unobserved') {
	return new SimulatedWire().send(1, 'client', 'P.', { length: 6, fate }).observations;
}

describe('a fate counts only when all observers have reported', () => {
	test('a segment is delivered when the firewall log is complete without it', async () => {
		const { context, history, timeline, flushes } = lagging();
		for (const observation of observationsOf('delivered')) history.observe(observation);
		context.clock.pass(2_000);
		await timeline.toShowSegment('> P. 6');
		expect(flushes()).toBe(1);
		// A final fate needs no further flush.
		await timeline.toShowSegment('> P. 6');
		expect(flushes()).toBe(1);
	});

	test('a dropped segment whose log is late is never delivered', async () => {
		const [left, arrived, dropped] = observationsOf('dropped');
		const { context, history, timeline } = lagging(() => {
			if (dropped && history.segments.every(({ fate }) => fate !== 'dropped')) history.observe(dropped);
		});
		for (const observation of [left, arrived]) if (observation) history.observe(observation);
		context.clock.pass(2_000);
		const failing = failureOf(timeline.toShowSegment('> P. 6'));
		await timeline.toShowSegment('> P. 6 dropped by drop-1');
		context.clock.pass(15_000);
		expect(await failing).toMatchObject({ code: 'LIMIT_PASSED' });
		expect((await failureOf(timeline.toShowNoSegment('> P. 6 sent'))).message).toContain('dropped by drop-1');
	});

	test('a segment in transit is not unobserved', async () => {
		const [left, arrived] = observationsOf('delivered');
		const { context, history, timeline } = lagging(() => {
			if (arrived && history.segments.every(({ fate }) => fate !== 'delivered')) history.observe(arrived);
		});
		if (left) history.observe(left);
		context.clock.pass(2_000);
		const failing = failureOf(timeline.toShowSegment('> P. 6 unobserved'));
		await timeline.toShowSegment('> P. 6');
		context.clock.pass(15_000);
		expect(await failing).toMatchObject({ code: 'LIMIT_PASSED' });
	});

	test('a list is not complete before all segments that were sent are reported', async () => {
		const [left, arrived] = observationsOf('delivered');
		const later = new SimulatedWire().send(1.5, 'server', '.', { ipId: 9 }).observations;
		const { context, history, timeline } = lagging(() => {
			if (history.segments.length === 1) for (const observation of later) history.observe(observation);
		});
		const failing = failureOf(timeline.toShowSegments('> P. 6'));
		await settle();
		await settle();
		for (const observation of [left, arrived]) if (observation) history.observe(observation);
		context.clock.pass(2_000);
		await settle();
		await timeline.toShowSegments('> P. 6', '< .');
		// The later segment is reported in time and differs from the patterns.
		expect(await failing).toMatchObject({ code: 'CANNOT_HAPPEN' });
	});
});

describe('a dropped segment whose log is late', () => {
	/** A segment that the server's firewall drops. Its log reports that only in a flush. */
	function late() {
		const { observations } = new SimulatedWire().send(1, 'client', 'P.', { length: 6, fate: 'dropped' });
		const logged = observations.pop();
		const lab = lagging(() => {
			if (logged && lab.history.segments.some(({ fate }) => fate === 'delivered')) lab.history.observe(logged);
		});
		const arrive = () => {
			for (const observation of observations) lab.history.observe(observation);
		};
		return { ...lab, arrive };
	}

	test('does not break a silence', async () => {
		const { context, timeline, arrive } = late();
		const silent = timeline.toStaySilent({ forMs: 2_000 }, '> P. 6');
		const broken = failureOf(timeline.toStaySilent({ forMs: 2_000 }, '> P. 6 sent'));
		await settle();
		await settle();
		arrive();
		context.clock.pass(2_000);
		await silent;
		expect(await broken).toMatchObject({ code: 'EXPECTATION_FAILED' });
	});

	test('does not make a count too high', async () => {
		const { context, history, timeline, arrive } = late();
		for (const observation of new SimulatedWire().send(0.5, 'client', 'P.', { length: 6, ipId: 9 }).observations)
			history.observe(observation);
		arrive();
		context.clock.pass(2_000);
		await timeline.toShowSegment('1x > P. 6');
	});
});

describe('a silence', () => {
	test('is not broken by a segment that comes after it, during the last flush', async () => {
		const { observations } = new SimulatedWire().send(2.5, 'client', 'P.', { length: 6 });
		const lab = lagging(() => {
			if (lab.context.clock.now() >= HISTORY_START + 2)
				for (const observation of observations.splice(0)) lab.history.observe(observation);
		});
		const silent = lab.timeline.toStaySilent({ forMs: 2_000 });
		await settle();
		await settle();
		lab.context.clock.pass(2_000);
		await silent;
		expect(lab.history.segments).toHaveLength(1);
	});
});

describe('a call', () => {
	const blocked: EventOf<'call'> = {
		kind: 'call',
		t: 1,
		host: 'client',
		peer: 'nc-1',
		pid: 7,
		name: 'poll',
		args: '',
		source: 'strace',
	};

	function peerOf(context: ReturnType<typeof lagging>['context']): PeerExpectation {
		const calls = () => context.history.of('call');
		const peer = {
			name: 'nc-1',
			host: 'client',
			context,
			calls,
			blockedIn: () => calls().findLast(({ took }) => took === undefined),
		};
		return new PeerExpectation(peer as unknown as Peer);
	}

	test('does not count as blocking while its tracer has not reported its return', async () => {
		const { context, history } = lagging(() =>
			history.replace(history.of('call')[0] ?? blocked, { ...blocked, returned: 1, took: 0.1 }),
		);
		history.add(blocked);
		context.clock.pass(2_000);
		const failing = failureOf(peerOf(context).toBlockIn('poll'));
		await settle();
		context.clock.pass(1);
		for (let round = 0; round < 5; round++) await settle();
		context.clock.pass(15_000);
		expect(await failing).toMatchObject({ code: 'LIMIT_PASSED' });
	});

	test('of a program whose tracer is lost fails at once', async () => {
		const { context, history } = lagging();
		history.lose({ observer: 'strace of nc-1', host: 'client', what: 'strace ended', since: 0.5 });
		const peer = peerOf(context);
		expect(await failureOf(peer.toHaveReturned('read', 0))).toMatchObject({
			code: 'OBSERVER_LOST',
			seen: 'strace ended',
		});
		history.add(blocked);
		expect(await failureOf(peer.toBlockIn('poll'))).toMatchObject({ code: 'OBSERVER_LOST' });
	});
});

describe('without an observer', () => {
	const lost = { what: 'tcpdump was killed by SIGKILL', since: 0.5 };

	test('expectations that need it fail at once', async () => {
		const { history, timeline } = lagging();
		history.lose({ observer: 'capture', host: 'client', ...lost });
		for (const failing of [
			timeline.toShowNoSegment('< R sent'),
			timeline.toShowSegments('...'),
			timeline.toRetransmit('> S', [1_000]),
		]) {
			expect(await failureOf(failing)).toMatchObject({ code: 'OBSERVER_LOST', seen: lost.what });
		}
	});

	test('a fate that it would report is unknown', async () => {
		const { history, timeline } = lagging();
		history.lose({ observer: 'firewall', host: 'server', ...lost });
		for (const observation of observationsOf('delivered')) history.observe(observation);
		const failure = await failureOf(timeline.toShowSegment('> P. 6'));
		expect(failure).toMatchObject({ code: 'OBSERVER_LOST' });
		expect(failure.message).toContain('The server’s observer “firewall” was lost since 0.500 s');
	});

	test('expectations that are met without it resolve', async () => {
		const { context, history, timeline } = lagging();
		history.lose({ observer: 'capture', host: 'client', ...lost });
		for (const observation of observationsOf('dropped')) history.observe(observation);
		context.clock.pass(2_000);
		await timeline.toShowSegment('> P. 6 dropped by drop-1');
	});

	test('no expectation is met that depends on segments which a rule may have stopped before a capture', async () => {
		const { context, history, timeline } = lagging();
		context.clock.pass(2_000);
		await timeline.toShowNoSegment('< P. sent');
		history.lose({ observer: 'firewall', host: 'server', ...lost });
		// A rule of the server may have stopped a segment as it left. The client's capture has seen what the client sent.
		for (const failing of [
			timeline.toShowNoSegment('< P. sent'),
			timeline.toShowNoSegment('< P. dropped by drop-1'),
			timeline.toStaySilent({ forMs: 1 }, '< P. sent'),
			timeline.toStaySilent({ forMs: 1 }),
			timeline.toShowSegments('...'),
			timeline.toShowSegment('< P. dropped by drop-1'),
		]) {
			expect(await failureOf(failing)).toMatchObject({ code: 'OBSERVER_LOST', seen: lost.what });
		}
		await timeline.toShowNoSegment('> P. sent');
		await timeline.toShowNoSegment('< P.');
	});

	test('a count is unknown if one more may have been delivered', async () => {
		const { context, history, timeline } = lagging();
		for (const observation of observationsOf('delivered')) history.observe(observation);
		history.lose({ observer: 'firewall', host: 'server', ...lost, since: 1.5 });
		for (const observation of new SimulatedWire().send(1.8, 'client', 'P.', { length: 6, ipId: 9 }).observations)
			history.observe(observation);
		context.clock.pass(2_000);
		await timeline.toShowSegment('> P. 6');
		expect(await failureOf(timeline.toShowSegment('1x > P. 6'))).toMatchObject({ code: 'OBSERVER_LOST' });
	});

	test('on both hosts, expectations of a segment fail at once', async () => {
		const { history, timeline } = lagging();
		for (const host of HOSTS) history.lose({ observer: 'capture', host, ...lost });
		expect(await failureOf(timeline.toShowSegment('> P. 6'))).toMatchObject({ code: 'OBSERVER_LOST' });
	});
});

test('HISTORY_START is the start of the history', () => expect(fakeContext().history.at(HISTORY_START)).toBe(0));
