import { z } from 'zod';
import type { Impossibility, Wait } from '../lab/wait.ts';
import type { Peer } from '../peers/peer.ts';
import { describePeerEnd, type PeerEnd, signalSchema } from '../peers/peer.ts';
import { assertErrno, type Errno } from '../tcp/errnos.ts';
import { describeEvent } from '../timeline/describe.ts';
import type { EventOf } from '../timeline/events.ts';
import { CALL_NAMES, type CallName, isCall } from '../timeline/history.ts';
import { assertSees } from '../timeline/observer-lost.ts';
import { checked, checkedName } from '../util/options.ts';
import { frozenFor } from './cannot-happen.ts';
import {
	expectEventually,
	expectSilence,
	type SilenceOptions,
	type SilencePeriod,
	type WaitOptions,
} from './expecting.ts';
import { lastActionOf } from './span-start.ts';
import { whenFinal } from './when-final.ts';

/** Of what a program printed and called, the last of it tells most. */
const LAST_CALLS = 5;
const LAST_LINES = 10;

const endSchema = z
	.strictObject({
		status: z.int().min(0).max(255).optional(),
		signal: signalSchema.optional(),
		lost: z.literal(true).optional(),
	})
	.refine(
		(end) => Object.values(end).filter((value) => value !== undefined).length === 1,
		'one of status, signal and lost is needed',
	);

/** What can be expected of a program under observation. */
export class PeerExpectation {
	readonly #peer: Peer;

	constructor(peer: Peer) {
		this.#peer = peer;
	}

	/** A call returned this value. Families count: `read` is also recv, readv, …. */
	async toHaveReturned(call: CallName, value: number, options: WaitOptions = {}): Promise<void> {
		checkedName(CALL_NAMES, call, `${this.#who}: a call`);
		checked(z.number(), value, `${this.#who}: what ${call} returns`);
		await this.#eventually(
			{
				what: `${this.#who}: ${call} to return ${value}`,
				check: () => this.#peer.calls(call).find(({ returned }) => returned === value) ?? this.#assertTraced(call),
				nearest: () => this.#calls(call),
			},
			options,
		);
	}

	/** A call failed with this errno. */
	async toFail(call: CallName, errno: Errno, options: WaitOptions = {}): Promise<void> {
		checkedName(CALL_NAMES, call, `${this.#who}: a call`);
		assertErrno(errno, `${this.#who}: an errno`);
		await this.#eventually(
			{
				what: `${this.#who}: ${call} to fail with ${errno}`,
				check: () => this.#peer.calls(call).find((made) => made.errno === errno) ?? this.#assertTraced(call),
				nearest: () => this.#calls(call),
			},
			options,
		);
	}

	/**
	 * It, one of its threads or of its children is inside a call that has not returned; its tracer is asked whether it
	 * has.
	 */
	async toBlockIn(call: CallName, options: WaitOptions = {}): Promise<void> {
		checkedName(CALL_NAMES, call, `${this.#who}: a call`);
		const { context, host } = this.#peer;
		const { history, clock } = context;
		/**
		 * When each call was first found blocking. A tracer tells that a call was entered before it can tell that it has
		 * returned.
		 */
		const foundAt = new Map<string, number>();
		await this.#eventually(
			{
				what: `${this.#who} to block in ${call}`,
				check: whenFinal(context, {
					find: () => (this.#peer.isOver ? undefined : this.#peer.blockedIn(call)),
					isFinal: ({ pid, tid, t }) => {
						const key = `${pid} ${tid} ${t}`;
						const since = foundAt.get(key) ?? history.at(clock.now());
						foundAt.set(key, since);
						this.#assertTraced(call);
						return history.coverage.completeUntil({ observer: 'strace', host }) > since;
					},
					assertObservable: () => this.#assertTraced(call),
				}),
				nearest: () => this.#calls(call),
			},
			options,
		);
	}

	/** It wrote this to its standard output or error: it is in `peer.output`. */
	async toPrint(text: string | RegExp, options: WaitOptions = {}): Promise<void> {
		checked(z.union([z.string(), z.instanceof(RegExp)]), text, `${this.#who}: what it prints`);
		const { context, host, name } = this.#peer;
		await this.#eventually(
			{
				what: `${this.#who} to print ${text}`,
				check: () => {
					if (!isIn(text, this.#peer.output)) return undefined;
					return context.history.of('output', host).findLast(({ peer }) => peer === name);
				},
				nearest: () =>
					this.#peer.output === ''
						? ['it printed nothing']
						: this.#peer.output.trimEnd().split('\n').slice(-LAST_LINES),
			},
			options,
		);
	}

	/** It ended: with this status, by this signal, or with its host; however, where nothing is said. Gives how. */
	async toHaveEnded(end?: PeerEnd, options: WaitOptions = {}): Promise<PeerEnd> {
		const { context, host, name } = this.#peer;
		const wanted = end && describePeerEnd(checked(endSchema, end, `${this.#who}: its end`) as PeerEnd);
		await this.#eventually(
			{
				what: `${this.#who} to end${wanted === undefined ? '' : `: ${wanted}`}`,
				check: () =>
					context.history
						.of('process', host)
						.find(
							({ peer, what, text }) => peer === name && what === 'exited' && (wanted === undefined || text === wanted),
						),
				impossible: () => this.#endedOtherwise() ?? frozenFor(context, host),
				nearest: () => [...this.#outputTail(), ...this.#calls()],
			},
			options,
		);
		return this.#peer.end as PeerEnd;
	}

	/**
	 * It prints nothing for so long from now on, and no call of it returns but those that wait (poll, select,
	 * epoll_wait); and it is still there.
	 */
	async toStaySilent(silence: SilenceOptions): Promise<void> {
		const { context, host } = this.#peer;
		const told = () => (['output', 'call', 'process'] as const).flatMap((kind) => context.history.of(kind, host));
		await expectSilence(
			context,
			{
				what: `${this.#who} to stay silent`,
				broken: (during) =>
					told()
						.filter((event) => this.#breaks(event, during))
						.map(describeEvent),
				flush: async () => {
					await context.flush();
					this.#assertTraced();
				},
			},
			silence,
		);
	}

	/** Of one that has ended, whenever that was, nothing could be heard. */
	#breaks(event: EventOf<'output' | 'call' | 'process'>, { from, flushedAt, until }: SilencePeriod): boolean {
		if (event.peer !== this.#peer.name) return false;
		if (event.kind === 'process') return event.what === 'exited' && event.t <= until;
		if (event.kind === 'output') return event.t > from && event.t <= until;
		const end = endOf(event);
		// strace may stamp the end of a call later than others saw its effect: the write of what the spec has just seen
		// printed is not new.
		return end <= until && (end > flushedAt || (end > from && event.t > from));
	}

	async #eventually<T extends { readonly t: number }>(
		wait: Omit<Wait<T>, 'limitMs'>,
		options: WaitOptions,
	): Promise<T> {
		const { context, host, name } = this.#peer;
		const impossible = () => this.#over() ?? frozenFor(context, host);
		return expectEventually(context, { impossible, ...wait }, options, () => lastActionOf(context.history, host, name));
	}

	#over(): Impossibility | undefined {
		const { end, isOver } = this.#peer;
		if (end === undefined || !isOver) return undefined;
		return {
			why: `it has ended (${describePeerEnd(end)})`,
			remedy: 'Correct the expectation, or find out from its output and its calls why it ended.',
		};
	}

	#endedOtherwise(): Impossibility | undefined {
		const { end } = this.#peer;
		return (
			end && {
				why: `it has ended in another way (${describePeerEnd(end)})`,
				remedy: 'Expect this end, or find out from its output and its calls why it ended so.',
			}
		);
	}

	get #who(): string {
		return `${this.#peer.name} on the ${this.#peer.host}`;
	}

	/** What nobody traces any more will never be found. */
	#assertTraced(call?: CallName): undefined {
		const { context, host, name } = this.#peer;
		assertSees(context.history, `what became of ${call ?? 'calls'} of ${name}`, {
			observer: `strace of ${name}`,
			host,
		});
		return undefined;
	}

	/** The last calls of a family; where it made none of them, the last of any. */
	#calls(call?: CallName): string[] {
		const made = this.#peer.calls(call);
		if (made.length > 0) return made.slice(-LAST_CALLS).map(describeEvent);
		const others = this.#peer.calls().slice(-LAST_CALLS).map(describeEvent);
		return call === undefined ? others : [`no ${call} so far${others.length > 0 ? ', but:' : ''}`, ...others];
	}

	#outputTail(): string[] {
		return this.#peer.output === '' ? [] : this.#peer.output.trimEnd().split('\n').slice(-LAST_LINES);
	}
}

function isIn(text: string | RegExp, written: string): boolean {
	if (typeof text === 'string') return written.includes(text);
	// One with a flag that keeps a place would go on from it at the next look.
	return new RegExp(text.source, text.flags.replace(/[gy]/g, '')).test(written);
}

/** When a call returned; that of one that waits is no news. */
function endOf(event: EventOf<'call'>): number {
	return event.took === undefined || isCall(event.name, 'poll') ? Number.NEGATIVE_INFINITY : event.t + event.took;
}
