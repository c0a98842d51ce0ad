import { expect as jestExpect } from '@jest/globals';
import { HalfopenError } from '../errors.ts';
import { Host } from '../lab/host.ts';
import { Router } from '../lab/router.ts';
import { Timeline } from '../lab/timeline-queries.ts';
import { Peer } from '../peers/peer.ts';
import { SocketCall } from '../peers/socket-call.ts';
import { CallExpectation } from './call-matchers.ts';
import { HostExpectation } from './host-matchers.ts';
import { PeerExpectation } from './peer-matchers.ts';
import { RouterExpectation } from './router-matchers.ts';
import { TimelineExpectation } from './timeline-matchers.ts';
import { matchersOf, tracked } from './tracked.ts';

/**
 * Returns the matchers of a value: those of this project for a peer, a call, a host or the timeline of a lab, and
 * Jest's for any other value. Await every expectation about a lab.
 */
export interface Expect extends Omit<typeof jestExpect, never> {
	(peer: Peer): PeerExpectation;
	<T>(call: SocketCall<T>): CallExpectation;
	(host: Host): HostExpectation;
	(router: Router): RouterExpectation;
	(timeline: Timeline): TimelineExpectation;
	<T>(actual: T): ReturnType<typeof jestExpect<T>>;
}

function expectation(actual: unknown): unknown {
	if (actual instanceof Peer) return tracked(new PeerExpectation(actual), actual.name, actual.context);
	if (actual instanceof SocketCall) return tracked(new CallExpectation(actual), actual.text, actual.peer.context);
	if (actual instanceof Host) return tracked(new HostExpectation(actual), actual.name, actual.context);
	if (actual instanceof Router) return tracked(new RouterExpectation(actual), actual.name, actual.context);
	if (actual instanceof Timeline) return tracked(new TimelineExpectation(actual), 'timeline', actual.context);
	return withoutLabMatchers(jestExpect(actual), actual);
}

export const expect = Object.assign(expectation, jestExpect) as unknown as Expect;

/** The names of the matchers of a lab, by the value that has them. */
const LAB_MATCHERS: Readonly<Record<string, readonly string[]>> = {
	'a peer': matchersOf(PeerExpectation.prototype),
	'a call': matchersOf(CallExpectation.prototype),
	'a host': matchersOf(HostExpectation.prototype),
	'a router': matchersOf(RouterExpectation.prototype),
	'the timeline': matchersOf(TimelineExpectation.prototype),
};

/** Wraps an expectation of Jest, so that a matcher of a lab throws MATCHER_UNKNOWN on a value that does not have it. */
function withoutLabMatchers<E extends object>(jestExpectation: E, actual: unknown): E {
	return new Proxy(jestExpectation, {
		get(target, name) {
			const member: unknown = Reflect.get(target, name);
			if (typeof name !== 'string') return member;
			// .not, .resolves and .rejects
			if (typeof member === 'object' && member !== null) return withoutLabMatchers(member, actual);
			const owners = Object.keys(LAB_MATCHERS).filter((owner) => LAB_MATCHERS[owner]?.includes(name));
			if (owners.length === 0) return member;
			if (typeof member !== 'function') throw wrongValue(name, owners, actual);
			// toHaveReturned is also a matcher of Jest, where it has no arguments.
			return (...args: readonly unknown[]) => {
				if (args.length > 0) throw wrongValue(name, owners, actual);
				return member();
			};
		},
	});
}

function wrongValue(matcher: string, owners: readonly string[], actual: unknown): HalfopenError {
	const isPromise = actual instanceof Promise;
	return new HalfopenError('MATCHER_UNKNOWN', {
		problem: `The matcher ${matcher} does not exist for this value.`,
		seen: `expect was called with ${isPromise ? 'a promise' : description(actual)}`,
		remedy: isPromise
			? `Await the promise first: ${matcher} is a matcher of ${owners.join(' and of ')}.`
			: `Call it on another value: ${matcher} is a matcher of ${owners.join(' and of ')}.`,
	});
}

function description(value: unknown): string {
	if (value === null || value === undefined) return String(value);
	return typeof value === 'object' ? `an object of class ${value.constructor?.name ?? 'null'}` : `a ${typeof value}`;
}
