import { assertSees } from '../observer-lost.ts';
import type { SocketCall } from '../peers/socket-call.ts';
import type { Errno } from '../tcp.ts';
import { describeEvent } from '../timeline/describe.ts';
import { expectEventually, type Patience } from './waiting.ts';

/** What can be expected of one call of a controlled socket. Spans count from when it was entered, unless `since` says otherwise. */
export class CallExpectation {
	readonly #call: SocketCall<unknown>;

	constructor(call: SocketCall<unknown>) {
		this.#call = call;
	}

	/** It returned this value: a length, a descriptor, 0. */
	toReturn(value: number, patience: Patience = {}): Promise<void> {
		return this.#toEnd(`return ${value}`, ({ returned }) => returned === value, patience);
	}

	/** It failed with this errno. */
	toFailWith(errno: Errno, patience: Patience = {}): Promise<void> {
		return this.#toEnd(`fail with ${errno}`, (event) => event.errno === errno, patience);
	}

	/** It has not returned. What could have made it return must have happened before; all observers are asked first. */
	async toBlock(): Promise<void> {
		const { context } = this.#call.peer;
		await context.flush();
		assertSees(context.history, `whether ${this.#who} has returned`, { observer: 'strace', host: this.#call.peer.host });
		const { event } = this.#call;
		if (event.took !== undefined) throw new Error(`Expected ${this.#who} to block, but: ${describeEvent(event)}`);
	}

	async #toEnd(how: string, fits: (event: SocketCall<unknown>['event']) => boolean, patience: Patience): Promise<void> {
		const { context } = this.#call.peer;
		// Before it returns, the call's time is when it was asked for; its own clock is only known afterwards.
		const ended = () => {
			const { event } = this.#call;
			return event.took !== undefined && fits(event) ? { t: event.t + event.took } : undefined;
		};
		await expectEventually(
			context,
			{ what: `${this.#who} to ${how}`, check: ended, nearest: () => [describeEvent(this.#call.event)] },
			{ since: this.#call.event.t, ...patience },
		);
	}

	get #who(): string {
		const { peer, text } = this.#call;
		return `${text} of ${peer.name} on the ${peer.host}`;
	}
}
