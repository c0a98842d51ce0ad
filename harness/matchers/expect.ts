import { expect as jestExpect } from '@jest/globals';
import { Host } from '../lab/host.ts';
import { Timeline } from '../lab/timeline-queries.ts';
import { Peer } from '../peers/peer.ts';
import { SocketCall } from '../peers/socket-call.ts';
import { CallExpectation } from './call-matchers.ts';
import { HostExpectation } from './host-matchers.ts';
import { PeerExpectation } from './peer-matchers.ts';
import { TimelineExpectation } from './timeline-matchers.ts';
import { tracked } from './tracked.ts';

/**
 * What can be expected of each thing in a lab; of anything else, what Jest offers. All expectations about a lab are
 * awaited.
 */
export interface Expect extends Omit<typeof jestExpect, never> {
	(peer: Peer): PeerExpectation;
	<T>(call: SocketCall<T>): CallExpectation;
	(host: Host): HostExpectation;
	(timeline: Timeline): TimelineExpectation;
	<T>(actual: T): ReturnType<typeof jestExpect<T>>;
}

function expectation(actual: unknown): unknown {
	if (actual instanceof Peer) return tracked(new PeerExpectation(actual), actual.name, actual.context);
	if (actual instanceof SocketCall) return tracked(new CallExpectation(actual), actual.text, actual.peer.context);
	if (actual instanceof Host) return tracked(new HostExpectation(actual), actual.name, actual.context);
	if (actual instanceof Timeline) return tracked(new TimelineExpectation(actual), 'timeline', actual.context);
	return jestExpect(actual);
}

export const expect = Object.assign(expectation, jestExpect) as unknown as Expect;
