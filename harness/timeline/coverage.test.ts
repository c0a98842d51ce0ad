import { describe, expect, test } from '@jest/globals';
import { Coverage, TRANSIT_LIMIT } from './coverage.ts';

const CAPTURE = { observer: 'capture', host: 'server' } as const;
const FIREWALL = { observer: 'firewall', host: 'server' } as const;
const lost = { ...CAPTURE, what: 'was killed by SIGKILL', since: 2 };

describe('an observer', () => {
	test('that was lost is blind from then on; others are not', () => {
		const coverage = new Coverage();
		coverage.lose(lost);
		const blind = (...[observer, host, t]: Parameters<Coverage['isBlind']>) => coverage.isBlind(observer, host, t);
		expect(blind('capture', 'server', 1.999)).toBe(false);
		expect(blind('capture', 'server', 2)).toBe(true);
		expect(blind('capture', 'server', 1e6)).toBe(true);
		expect(blind('capture', 'client', 3)).toBe(false);
		expect(blind('firewall', 'server', 3)).toBe(false);
	});

	test('that recovers is no longer blind, but its loss remains', () => {
		const coverage = new Coverage();
		coverage.lose(lost);
		expect(coverage.openLoss(CAPTURE)).toEqual(lost);
		coverage.recover(CAPTURE, 5);
		expect(coverage.isBlind('capture', 'server', 4)).toBe(true);
		expect(coverage.isBlind('capture', 'server', 5)).toBe(false);
		expect(coverage.openLoss(CAPTURE)).toBeUndefined();
		expect(coverage.anyLoss(FIREWALL, CAPTURE)).toEqual({ ...lost, until: 5 });
		expect(coverage.anyLossSince(4.999, CAPTURE)).toEqual({ ...lost, until: 5 });
		expect(coverage.anyLossSince(5, CAPTURE)).toBeUndefined();
	});

	test('with a loss without `since` is not blind', () => {
		const coverage = new Coverage();
		coverage.lose({ ...CAPTURE, what: 'one line that could not be read' });
		expect(coverage.isBlind('capture', 'server', 3)).toBe(false);
		expect(coverage.anyLoss(CAPTURE)).toBeUndefined();
	});

	test('of both hosts, or of all peers of a host, stands for each of them', () => {
		const coverage = new Coverage();
		coverage.lose({ observer: 'kernel', what: 'ended', since: 1 });
		coverage.lose({ observer: 'strace', host: 'client', what: 'busy', since: 1 });
		expect(coverage.isBlind('kernel', 'client', 1) && coverage.isBlind('kernel', 'server', 1)).toBe(true);
		expect(coverage.isBlind('strace of nc-1', 'client', 1)).toBe(true);
		expect(coverage.isBlind('strace of nc-1', 'server', 1)).toBe(false);
	});

	test('has its times converted when the start of the history moves', () => {
		const coverage = new Coverage();
		coverage.lose(lost);
		coverage.markComplete(CAPTURE, 4);
		coverage.begin(1);
		expect(coverage.isBlind('capture', 'server', 1)).toBe(true);
		expect(coverage.completeUntil(CAPTURE)).toBe(3);
	});

	test('keeps an open loss from time 0 when the history begins; losses that ended before are removed', () => {
		const coverage = new Coverage();
		coverage.lose({ ...CAPTURE, what: 'fell behind', since: 1 });
		coverage.recover(CAPTURE, 4);
		coverage.lose({ ...FIREWALL, what: 'ended', since: 2 });
		coverage.begin(5);
		expect(coverage.losses).toEqual([{ ...FIREWALL, what: 'ended', since: 0 }]);
	});
});

describe('a fate is final', () => {
	const delivered = { t: 1, arrived: 1.001, host: 'client', fate: 'delivered' } as const;
	const unobserved = { t: 1, host: 'client', fate: 'unobserved' } as const;

	test('if it is delivered, and the receiver’s capture and firewall are complete until after the arrival', () => {
		const coverage = new Coverage();
		coverage.markComplete(CAPTURE, 1.001);
		coverage.markComplete(FIREWALL, 2);
		expect(coverage.isFinal(delivered)).toBe(false);
		coverage.markComplete(CAPTURE, 2);
		expect(coverage.isFinal(delivered)).toBe(true);
		coverage.started(FIREWALL, 1.001);
		expect(coverage.isFinal(delivered)).toBe(false);
	});

	test('if it is unobserved and the packet cannot be in transit any more, or the receiver’s capture has ended', () => {
		const coverage = new Coverage();
		coverage.markComplete(CAPTURE, 1 + TRANSIT_LIMIT / 2);
		expect(coverage.isFinal(unobserved)).toBe(false);
		coverage.markComplete(CAPTURE, 1.01 + TRANSIT_LIMIT);
		expect(coverage.isFinal(unobserved)).toBe(true);
		coverage.ended(CAPTURE);
		expect(coverage.isFinal({ ...unobserved, t: 1e6 })).toBe(true);
	});

	test('if it is unobserved, and the firewall on the wire, if it runs, has reported everything', () => {
		const coverage = new Coverage();
		const firewall = { observer: 'firewall', host: 'wire' } as const;
		coverage.started(firewall, 0.5);
		expect(coverage.isFinal(unobserved)).toBe(false);
		// The wire did not drop what has arrived.
		expect(coverage.isFinal(delivered)).toBe(true);
		coverage.markComplete(firewall, 1.01 + TRANSIT_LIMIT);
		expect(coverage.isFinal(unobserved)).toBe(true);
	});

	test('if it is dropped or unknown', () => {
		const coverage = new Coverage();
		coverage.markComplete(CAPTURE, 0);
		for (const fate of ['dropped', 'unknown'] as const) expect(coverage.isFinal({ ...unobserved, fate })).toBe(true);
	});

	test('if the observer is lost, because it will report nothing more', () => {
		const coverage = new Coverage();
		coverage.markComplete(CAPTURE, 0);
		coverage.lose({ ...CAPTURE, what: 'ended', since: 0 });
		expect(coverage.isFinal(delivered)).toBe(true);
	});

	test('on loopback by the observers of the same host', () => {
		const coverage = new Coverage();
		coverage.markComplete(CAPTURE, 0);
		const own = { ...delivered, link: 'loopback' } as const;
		expect(coverage.isFinal(own)).toBe(true);
		coverage.markComplete({ ...CAPTURE, host: 'client' }, 1);
		expect(coverage.isFinal(own)).toBe(false);
	});
});
