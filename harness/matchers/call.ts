import { z } from 'zod';
import { assertSees } from '../observer-lost.ts';
import { checked } from '../options.ts';
import { describePeerEnd } from '../peers/peer.ts';
import type { SocketCall } from '../peers/socket-call.ts';
import { assertErrno, type Errno } from '../tcp.ts';
import { describeEvent } from '../timeline/describe.ts';
import type { Settled } from '../wait.ts';
import { frozenFor } from './settled.ts';
import { expectEventually, expectSilence, failed, type Patience, type Silence } from './waiting.ts';

/** What can be expected of one call of a controlled socket. Spans count from when it was entered, unless `since` says otherwise. */
export class CallExpectation {
	readonly #call: SocketCall<unknown>;

	constructor(call: SocketCall<unknown>) {
		this.#call = call;
	}

	/** It returned this value: a length, a descriptor, 0. */
	async toReturn(value: number, patience: Patience = {}): Promise<void> {
		checked(z.number(), value, `${this.#who}: what it returns`);
		return this.#toEnd(`return ${value}`, ({ returned }) => returned === value, patience);
	}

	/** It failed with this errno. */
	async toFailWith(errno: Errno, patience: Patience = {}): Promise<void> {
		assertErrno(errno, `${this.#who}: an errno`);
		return this.#toEnd(`fail with ${errno}`, (event) => event.errno === errno, patience);
	}

	/**
	 * It has not returned. What could have made it return must have happened before; all observers are asked first. With `forMs` it does not
	 * return for so long from now on either.
	 */
	async toBlock(silence?: Silence): Promise<void> {
		const { context } = this.#call.peer;
		await context.flush();
		assertSees(context.history, `whether ${this.#who} has returned`, { observer: 'strace', host: this.#call.peer.host });
		this.#assertBlocked();
		if (silence === undefined) return;
		const { flush } = context;
		const broken = () => (this.#isInside ? [] : [describeEvent(this.#call.event)]);
		await expectSilence(context, { what: `${this.#who} to block`, broken, flush }, silence);
		this.#assertBlocked();
	}

	#assertBlocked(): void {
		const { event, peer } = this.#call;
		if (event.took !== undefined) throw failed(`Expected ${this.#who} to block, but it has returned`, [describeEvent(event)]);
		if (peer.end) throw failed(`Expected ${this.#who} to block, but its process has ended`, [describePeerEnd(peer.end)]);
	}

	async #toEnd(how: string, fits: (event: SocketCall<unknown>['event']) => boolean, patience: Patience): Promise<void> {
		const { context, host } = this.#call.peer;
		const { t: entered } = this.#call.event;
		// Before it returns, the call's time is when it was asked for; its own clock is only known afterwards.
		const ended = () => {
			const { event } = this.#call;
			return event.took !== undefined && fits(event) ? { t: event.t + event.took } : undefined;
		};
		await expectEventually(
			context,
			{
				what: `${this.#who} to ${how}`,
				check: ended,
				settled: () => this.#endedOtherwise() ?? frozenFor(context, host),
				nearest: () => [describeEvent(this.#call.event)],
			},
			patience,
			() => ({ t: entered, what: 'the call was entered' }),
		);
	}

	#endedOtherwise(): Settled | undefined {
		const { event, peer } = this.#call;
		const { returned, errno, took } = event;
		if (took !== undefined) {
			const why = errno === undefined ? `it has returned ${returned}` : `it has failed with ${errno}`;
			return { why, remedy: 'Correct the expectation, or find out what happened before the call.' };
		}
		if (peer.end === undefined) return undefined;
		const why = `its process has ended (${describePeerEnd(peer.end)}) before the call returned`;
		return {
			why,
			remedy: 'Expect the end of the process: await expect(socket.process).toHaveEnded(…). MSG_NOSIGNAL keeps a send from raising SIGPIPE.',
		};
	}

	get #isInside(): boolean {
		return this.#call.event.took === undefined;
	}

	get #who(): string {
		const { peer, text } = this.#call;
		return `${text} of ${peer.name} on the ${peer.host}`;
	}
}
