/** For tests: a peer without a process. */
import type { ProcessEnd } from '../agent/agent.ts';
import { quietResolvers } from '../agent/promises.ts';
import { type FakeContext, fakeContext } from '../fixtures.ts';
import { Peer } from './peer.ts';

/** A peer that ends, and whose streams are drained, when the test says so. */
export class FakePeer extends Peer {
	declare readonly context: FakeContext;
	readonly exit: (end: ProcessEnd) => void;
	readonly lose: () => void;
	readonly drain: () => void;

	constructor(context = fakeContext()) {
		const exited = quietResolvers<ProcessEnd>();
		const drained = quietResolvers<void>();
		super('client-1', 'client', context, { pid: 7, exited: exited.promise, drained: drained.promise });
		this.exit = exited.resolve;
		this.lose = () => exited.reject(new Error('its agent is gone'));
		this.drain = () => drained.resolve(undefined);
	}

	override async signal(signal: NodeJS.Signals): Promise<void> {
		this.record('signalled', signal);
	}
}
