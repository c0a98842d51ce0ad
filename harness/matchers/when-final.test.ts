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
 * A lab whose observers run from the beginning, and tell what they have seen when they are flushed. `tell` is what they
 * then say first.
 */
function lagging(tell: () => void = () => {}) {
	const context = fakeContext();
	const { history } = context;
	for (const host of HOSTS)
		for (const observer of ['capture', 'firewall', 'strace'] as const) history.started({ observer, host }, 0);
	let flushes = 0;
	const flush = async () => {
		flushes++;
		const begun = history.at(context.clock.now());
		await settle();
		tell();
		for (const host of HOSTS)
			for (const observer of ['capture', 'firewall', 'strace'] as const)
				history.markComplete({ observer, host }, begun);
	};
	history.add({ kind: 'fault', t: 0, host: 'server', id: 'drop-1', what: 'packets', phase: 'injected', text: 'DROP' });
	const lab = { ...context, flush };
	return { context: lab, history, timeline: new TimelineExpectation(new Timeline(lab)), flushes: () => flushes };
}

/**
 * What the observers say of one segment of the client: where it left, where it arrived, and what the firewall logged.
 */
function observationsOf(fate: 'delivered' | 'dropped' | 'unobserved') {
	return new SimulatedWire().send(1, 'client', 'P.', { length: 6, fate }).observations;
}

describe('a fate is no fate before all observers have told', () => {
	test('delivered passes when the firewall’s log has nothing to say', async () => {
		const { context, history, timeline, flushes } = lagging();
		for (const sighting of observationsOf('delivered')) history.observe(sighting);
		context.clock.pass(2_000);
		await timeline.toShowSegment('> P. 6');
		expect(flushes()).toBe(1);
		// Settled once, it needs nobody to be asked again.
		await timeline.toShowSegment('> P. 6');
		expect(flushes()).toBe(1);
	});

	test('a dropped segment is not delivered because its log is late', async () => {
		const [left, arrived, dropped] = observationsOf('dropped');
		const { context, history, timeline } = lagging(() => {
			if (dropped && history.segments.every(({ fate }) => fate !== 'dropped')) history.observe(dropped);
		});
		for (const sighting of [left, arrived]) if (sighting) history.observe(sighting);
		context.clock.pass(2_000);
		const failing = failureOf(timeline.toShowSegment('> P. 6'));
		await timeline.toShowSegment('> P. 6 dropped by drop-1');
		context.clock.pass(15_000);
		expect(await failing).toMatchObject({ code: 'LIMIT_PASSED' });
		expect((await failureOf(timeline.toShowNoSegment('> P. 6 sent'))).message).toContain('dropped by drop-1');
	});

	test('a segment that is under way is not unobserved', async () => {
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

	test('a list is not complete before a segment that was sent has been told', async () => {
		const [left, arrived] = observationsOf('delivered');
		const later = new SimulatedWire().send(1.5, 'server', '.', { ipId: 9 }).observations;
		const { context, history, timeline } = lagging(() => {
			if (history.segments.length === 1) for (const sighting of later) history.observe(sighting);
		});
		const failing = failureOf(timeline.toShowSegments('> P. 6'));
		await settle();
		await settle();
		for (const sighting of [left, arrived]) if (sighting) history.observe(sighting);
		context.clock.pass(2_000);
		await settle();
		await timeline.toShowSegments('> P. 6', '< .');
		// Told in time, the later one leaves the patterns.
		expect(await failing).toMatchObject({ code: 'CANNOT_HAPPEN' });
	});
});

describe('of a segment whose log is late', () => {
	/** A segment that the server's firewall drops, which its log tells only when it is asked. */
	function late() {
		const { observations } = new SimulatedWire().send(1, 'client', 'P.', { length: 6, fate: 'dropped' });
		const logged = observations.pop();
		const lab = lagging(() => {
			if (logged && lab.history.segments.some(({ fate }) => fate === 'delivered')) lab.history.observe(logged);
		});
		const arrive = () => {
			for (const sighting of observations) lab.history.observe(sighting);
		};
		return { ...lab, arrive };
	}

	test('a silence is not broken', async () => {
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

	test('a count is not too high', async () => {
		const { context, history, timeline, arrive } = late();
		for (const sighting of new SimulatedWire().send(0.5, 'client', 'P.', { length: 6, ipId: 9 }).observations)
			history.observe(sighting);
		arrive();
		context.clock.pass(2_000);
		await timeline.toShowSegment('1x > P. 6');
	});
});

describe('a silence', () => {
	test('is not broken by what comes after it, while observers are asked', async () => {
		const { observations } = new SimulatedWire().send(2.5, 'client', 'P.', { length: 6 });
		const lab = lagging(() => {
			if (lab.context.clock.now() >= HISTORY_START + 2)
				for (const sighting of observations.splice(0)) lab.history.observe(sighting);
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

	test('does not block because its tracer is late to tell that it has returned', async () => {
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

	test('of a program whose tracer is lost is not waited for', async () => {
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

	test('nothing that rests on what was not seen passes, and all says so at once', async () => {
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

	test('a fate that it would tell is unknown: waited for in vain', async () => {
		const { history, timeline } = lagging();
		history.lose({ observer: 'firewall', host: 'server', ...lost });
		for (const sighting of observationsOf('delivered')) history.observe(sighting);
		const failure = await failureOf(timeline.toShowSegment('> P. 6'));
		expect(failure).toMatchObject({ code: 'OBSERVER_LOST' });
		expect(failure.message).toContain('The server’s observer “firewall” was lost since 0.500 s');
	});

	test('what was seen all the same is a fact', async () => {
		const { context, history, timeline } = lagging();
		history.lose({ observer: 'capture', host: 'client', ...lost });
		for (const sighting of observationsOf('dropped')) history.observe(sighting);
		context.clock.pass(2_000);
		await timeline.toShowSegment('> P. 6 dropped by drop-1');
	});

	test('of what a rule stopped before any capture saw it nothing is said', async () => {
		const { context, history, timeline } = lagging();
		context.clock.pass(2_000);
		await timeline.toShowNoSegment('< P. sent');
		history.lose({ observer: 'firewall', host: 'server', ...lost });
		// The server's own rule may have stopped one as it left; what the client sent, the client's capture has seen.
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

	test('a count is unknown where one more may have been delivered', async () => {
		const { context, history, timeline } = lagging();
		for (const sighting of observationsOf('delivered')) history.observe(sighting);
		history.lose({ observer: 'firewall', host: 'server', ...lost, since: 1.5 });
		for (const sighting of new SimulatedWire().send(1.8, 'client', 'P.', { length: 6, ipId: 9 }).observations)
			history.observe(sighting);
		context.clock.pass(2_000);
		await timeline.toShowSegment('> P. 6');
		expect(await failureOf(timeline.toShowSegment('1x > P. 6'))).toMatchObject({ code: 'OBSERVER_LOST' });
	});

	test('of both hosts no segment is waited for', async () => {
		const { history, timeline } = lagging();
		for (const host of HOSTS) history.lose({ observer: 'capture', host, ...lost });
		expect(await failureOf(timeline.toShowSegment('> P. 6'))).toMatchObject({ code: 'OBSERVER_LOST' });
	});
});

test('the times of this file begin with the history', () => expect(fakeContext().history.at(HISTORY_START)).toBe(0));
