import { describe, expect, test } from '@jest/globals';
import { Coverage, TRANSIT_LIMIT } from './coverage.ts';

const CAPTURE = { observer: 'capture', host: 'server' } as const;
const FIREWALL = { observer: 'firewall', host: 'server' } as const;
const lost = { ...CAPTURE, what: 'was killed by SIGKILL', since: 2 };

describe('an observer', () => {
	test('that was lost is blind from then on, and no other is', () => {
		const knowledge = new Coverage();
		knowledge.lose(lost);
		const blind = (...[observer, host, t]: Parameters<Coverage['isBlind']>) => knowledge.isBlind(observer, host, t);
		expect(blind('capture', 'server', 1.999)).toBe(false);
		expect(blind('capture', 'server', 2)).toBe(true);
		expect(blind('capture', 'server', 1e6)).toBe(true);
		expect(blind('capture', 'client', 3)).toBe(false);
		expect(blind('firewall', 'server', 3)).toBe(false);
	});

	test('that recovers sees again, but has been blind', () => {
		const knowledge = new Coverage();
		knowledge.lose(lost);
		expect(knowledge.openLoss(CAPTURE)).toEqual(lost);
		knowledge.recover(CAPTURE, 5);
		expect(knowledge.isBlind('capture', 'server', 4)).toBe(true);
		expect(knowledge.isBlind('capture', 'server', 5)).toBe(false);
		expect(knowledge.openLoss(CAPTURE)).toBeUndefined();
		expect(knowledge.anyLoss(FIREWALL, CAPTURE)).toEqual({ ...lost, until: 5 });
		expect(knowledge.anyLossSince(4.999, CAPTURE)).toEqual({ ...lost, until: 5 });
		expect(knowledge.anyLossSince(5, CAPTURE)).toBeUndefined();
	});

	test('that only missed something by name is not blind', () => {
		const knowledge = new Coverage();
		knowledge.lose({ ...CAPTURE, what: 'one line that could not be read' });
		expect(knowledge.isBlind('capture', 'server', 3)).toBe(false);
		expect(knowledge.anyLoss(CAPTURE)).toBeUndefined();
	});

	test('of both hosts, or of all peers of one, stands for each', () => {
		const knowledge = new Coverage();
		knowledge.lose({ observer: 'kernel', what: 'ended', since: 1 });
		knowledge.lose({ observer: 'strace', host: 'client', what: 'busy', since: 1 });
		expect(knowledge.isBlind('kernel', 'client', 1) && knowledge.isBlind('kernel', 'server', 1)).toBe(true);
		expect(knowledge.isBlind('strace of nc-1', 'client', 1)).toBe(true);
		expect(knowledge.isBlind('strace of nc-1', 'server', 1)).toBe(false);
	});

	test('keeps its times when the history begins to count anew', () => {
		const knowledge = new Coverage();
		knowledge.lose(lost);
		knowledge.markComplete(CAPTURE, 4);
		knowledge.begin(1);
		expect(knowledge.isBlind('capture', 'server', 1)).toBe(true);
		expect(knowledge.completeUntil(CAPTURE)).toBe(3);
	});

	test('forgets what was told again before the history begins; what is still lost then is lost from the beginning', () => {
		const knowledge = new Coverage();
		knowledge.lose({ ...CAPTURE, what: 'fell behind', since: 1 });
		knowledge.recover(CAPTURE, 4);
		knowledge.lose({ ...FIREWALL, what: 'ended', since: 2 });
		knowledge.begin(5);
		expect(knowledge.losses).toEqual([{ ...FIREWALL, what: 'ended', since: 0 }]);
	});
});

describe('a fate is settled', () => {
	const delivered = { t: 1, arrived: 1.001, host: 'client', fate: 'delivered' } as const;
	const unobserved = { t: 1, host: 'client', fate: 'unobserved' } as const;

	test('as delivered, when capture and firewall of the receiver have told what came after the arrival', () => {
		const knowledge = new Coverage();
		knowledge.markComplete(CAPTURE, 1.001);
		knowledge.markComplete(FIREWALL, 2);
		expect(knowledge.isFinal(delivered)).toBe(false);
		knowledge.markComplete(CAPTURE, 2);
		expect(knowledge.isFinal(delivered)).toBe(true);
		knowledge.started(FIREWALL, 1.001);
		expect(knowledge.isFinal(delivered)).toBe(false);
	});

	test('as unobserved, when nothing can be under way any more, or the receiver is gone', () => {
		const knowledge = new Coverage();
		knowledge.markComplete(CAPTURE, 1 + TRANSIT_LIMIT / 2);
		expect(knowledge.isFinal(unobserved)).toBe(false);
		knowledge.markComplete(CAPTURE, 1.01 + TRANSIT_LIMIT);
		expect(knowledge.isFinal(unobserved)).toBe(true);
		knowledge.ended(CAPTURE);
		expect(knowledge.isFinal({ ...unobserved, t: 1e6 })).toBe(true);
	});

	test('as dropped or unknown: nobody takes that back', () => {
		const knowledge = new Coverage();
		knowledge.markComplete(CAPTURE, 0);
		for (const fate of ['dropped', 'unknown'] as const) expect(knowledge.isFinal({ ...unobserved, fate })).toBe(true);
	});

	test('where the observer is lost: it will tell nothing more', () => {
		const knowledge = new Coverage();
		knowledge.markComplete(CAPTURE, 0);
		knowledge.lose({ ...CAPTURE, what: 'ended', since: 0 });
		expect(knowledge.isFinal(delivered)).toBe(true);
	});

	test('on loopback by the observers of the host itself', () => {
		const knowledge = new Coverage();
		knowledge.markComplete(CAPTURE, 0);
		const own = { ...delivered, link: 'loopback' } as const;
		expect(knowledge.isFinal(own)).toBe(true);
		knowledge.markComplete({ ...CAPTURE, host: 'client' }, 1);
		expect(knowledge.isFinal(own)).toBe(false);
	});
});
