import { z } from 'zod';
import type { Impossibility } from '../lab/wait.ts';
import { describePeerEnd } from '../peers/peer.ts';
import type { SocketCall } from '../peers/socket-call.ts';
import { assertErrno, type Errno } from '../tcp/errnos.ts';
import { describeEvent } from '../timeline/describe.ts';
import { assertSees } from '../timeline/observer-lost.ts';
import { checked } from '../util/options.ts';
import { frozenFor } from './cannot-happen.ts';
import {
	expectEventually,
	expectSilence,
	failed,
	type SilenceOptions,
	type SilencePeriod,
	type WaitOptions,
} from './expecting.ts';

/**
 * What can be expected of one call of a controlled socket. Spans count from when it was entered, unless `since` says
 * otherwise.
 */
export class CallExpectation {
	readonly #call: SocketCall<unknown>;

	constructor(call: SocketCall<unknown>) {
		this.#call = call;
	}

	/** It returned this value: a length, a descriptor, 0. */
	async toReturn(value: number, options: WaitOptions = {}): Promise<void> {
		checked(z.number(), value, `${this.#who}: what it returns`);
		return this.#toEnd(`return ${value}`, ({ returned }) => returned === value, options);
	}

	/** It failed with this errno. */
	async toFailWith(errno: Errno, options: WaitOptions = {}): Promise<void> {
		assertErrno(errno, `${this.#who}: an errno`);
		return this.#toEnd(`fail with ${errno}`, (event) => event.errno === errno, options);
	}

	/**
	 * It has not returned. What could have made it return must have happened before; all observers are asked first. With
	 * `forMs` it does not return for so long from now on either.
	 */
	async toBlock(silence?: SilenceOptions): Promise<void> {
		const { context, host } = this.#call.peer;
		const flush = async () => {
			await context.flush();
			assertSees(context.history, `whether ${this.#who} has returned`, { observer: 'strace', host });
		};
		await flush();
		this.#assertBlocked();
		if (silence === undefined) return;
		await expectSilence(
			context,
			{ what: `${this.#who} to block`, broken: (during) => this.#ends(during), flush },
			silence,
		);
	}

	/** That it returned, or that its process ended, by the end of a silence. */
	#ends({ until }: SilencePeriod): string[] {
		const { event, endedAt, peer } = this.#call;
		if (endedAt <= until) return [describeEvent(event)];
		const processes = peer.context.history.of('process', peer.host);
		return processes
			.filter(({ peer: of, what, t }) => of === peer.name && what === 'exited' && t <= until)
			.map(describeEvent);
	}

	#assertBlocked(): void {
		const { event, peer } = this.#call;
		if (event.took !== undefined)
			throw failed(`Expected ${this.#who} to block, but it has returned`, [describeEvent(event)]);
		if (peer.end)
			throw failed(`Expected ${this.#who} to block, but its process has ended`, [describePeerEnd(peer.end)]);
	}

	async #toEnd(
		how: string,
		fits: (event: SocketCall<unknown>['event']) => boolean,
		options: WaitOptions,
	): Promise<void> {
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
				impossible: () => this.#endedOtherwise() ?? frozenFor(context, host),
				nearest: () => [describeEvent(this.#call.event)],
			},
			options,
			() => ({ t: entered, what: 'the call was entered' }),
		);
	}

	#endedOtherwise(): Impossibility | undefined {
		const { event, peer } = this.#call;
		const { returned, errno } = event;
		if (returned !== undefined || errno !== undefined) {
			const why = errno === undefined ? `it has returned ${returned}` : `it has failed with ${errno}`;
			return { why, remedy: 'Correct the expectation, or look in the ladder for what happened before the call.' };
		}
		if (peer.end === undefined && event.took === undefined) return undefined;
		if (peer.end === undefined)
			return { why: `it ${event.result}`, remedy: 'Correct the call, or find out what ended its host.' };
		const why = `its process has ended (${describePeerEnd(peer.end)}) before the call returned`;
		return {
			why,
			remedy:
				'Expect the end of the process: await expect(socket.process).toHaveEnded(…). MSG_NOSIGNAL keeps a send ' +
				'from raising SIGPIPE.',
		};
	}

	get #who(): string {
		const { peer, text } = this.#call;
		return `${text} of ${peer.name} on the ${peer.host}`;
	}
}
