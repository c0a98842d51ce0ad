import { expect as jestExpect } from '@jest/globals';
import { Host } from '../host.ts';
import { Peer } from '../peers/peer.ts';
import { SocketCall } from '../peers/socket-call.ts';
import { Timeline } from '../timeline.ts';
import { CallExpectation } from './call.ts';
import { HostExpectation } from './host.ts';
import { minded } from './minded.ts';
import { PeerExpectation } from './peer.ts';
import { TimelineExpectation } from './timeline.ts';

/** What can be expected of each thing in a lab; of anything else, what Jest offers. All expectations about a lab are awaited. */
export interface Expect extends Omit<typeof jestExpect, never> {
	(peer: Peer): PeerExpectation;
	<T>(call: SocketCall<T>): CallExpectation;
	(host: Host): HostExpectation;
	(timeline: Timeline): TimelineExpectation;
	<T>(actual: T): ReturnType<typeof jestExpect<T>>;
}

function expectation(actual: unknown): unknown {
	if (actual instanceof Peer) return minded(new PeerExpectation(actual), actual.name, actual.context);
	if (actual instanceof SocketCall) return minded(new CallExpectation(actual), actual.text, actual.peer.context);
	if (actual instanceof Host) return minded(new HostExpectation(actual), actual.name, actual.context);
	if (actual instanceof Timeline) return minded(new TimelineExpectation(actual), 'timeline', actual.context);
	return jestExpect(actual);
}

export const expect = Object.assign(expectation, jestExpect) as unknown as Expect;
