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
 * The matchers of one call of a controlled socket. Pass the call itself to `expect`, not its awaited result. The lower
 * bound of `after` counts from the start of the call, unless `since` is given.
 */
export class CallExpectation {
	readonly #call: SocketCall<unknown>;

	constructor(call: SocketCall<unknown>) {
		this.#call = call;
	}

	/** Resolves when the call has returned this value: a length, a descriptor, 0. */
	async toReturn(value: number, options: WaitOptions = {}): Promise<void> {
		checked(z.number(), value, `${this.#who}: what it returns`);
		return this.#toEnd(`return ${value}`, ({ returned }) => returned === value, options);
	}

	/** Resolves when the call has failed with this errno. */
	async toFailWith(errno: Errno, options: WaitOptions = {}): Promise<void> {
		assertErrno(errno, `${this.#who}: an errno`);
		return this.#toEnd(`fail with ${errno}`, (event) => event.errno === errno, options);
	}

	/**
	 * Resolves if the call has not returned yet. All observers are flushed before that is checked, so await whatever
	 * could make the call return first. With `forMs`, the call must also not return within that time from now on.
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
			{ what: `${this.#who} to block`, violations: (period) => this.#endsBefore(period), flush },
			silence,
		);
	}

	/** Returns the end of the call or of its process, if that happened before the end of the period. */
	#endsBefore({ until }: SilencePeriod): string[] {
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
		// While the call blocks, its time is that of the request. The host's time of its start is known when it has
		// returned.
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
			return { why, remedy: 'Correct the expectation, or check in the ladder what happened before the call.' };
		}
		if (peer.end === undefined && event.took === undefined) return undefined;
		if (peer.end === undefined)
			return { why: `it ${event.result}`, remedy: 'Correct the call, or find out why its host ended.' };
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
