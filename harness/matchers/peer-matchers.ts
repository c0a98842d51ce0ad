import { z } from 'zod';
import type { Condition, Impossibility } from '../lab/wait.ts';
import type { Peer } from '../peers/peer.ts';
import { describePeerEnd, type PeerEnd, signalSchema } from '../peers/peer.ts';
import { assertErrno, type Errno } from '../tcp/errnos.ts';
import { CALL_FAMILIES, type CallFamily, isCall } from '../timeline/call-families.ts';
import { describeEvent } from '../timeline/describe.ts';
import type { EventOf } from '../timeline/events.ts';
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

/** How many of the last calls and lines a failure shows. */
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

/**
 * The matchers of a peer: a program under observation or the process of a controlled socket. They consider everything
 * since the peer started. `read` and `write` stand for all calls that read from or write to its connections (recv,
 * sendto, …).
 */
export class PeerExpectation {
	readonly #peer: Peer;

	constructor(peer: Peer) {
		this.#peer = peer;
	}

	/** Resolves when a call of this family has returned this value. */
	async toHaveReturned(call: CallFamily, value: number, options: WaitOptions = {}): Promise<void> {
		checkedName(CALL_FAMILIES, call, `${this.#who}: a call`);
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

	/** Resolves when a call of this family has failed with this errno. */
	async toFail(call: CallFamily, errno: Errno, options: WaitOptions = {}): Promise<void> {
		checkedName(CALL_FAMILIES, call, `${this.#who}: a call`);
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
	 * Resolves when a call of this family blocks, in any thread of the peer or of its children. Before that, the tracer
	 * has reported everything up to now, so the call has really not returned.
	 */
	async toBlockIn(call: CallFamily, options: WaitOptions = {}): Promise<void> {
		checkedName(CALL_FAMILIES, call, `${this.#who}: a call`);
		const { context, host } = this.#peer;
		const { history, clock } = context;
		// When each call was first found blocking. A tracer reports that a call was entered before it reports the return.
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

	/**
	 * Resolves when `peer.output` (standard output and standard error together) contains this text or matches this
	 * RegExp.
	 */
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

	/**
	 * Resolves when the peer has ended: with this status, by this signal, or with its host (`lost`); without an argument,
	 * in any way. Returns how it ended.
	 */
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
	 * Resolves if, within `forMs` from now on, the peer prints nothing, does not end, and none of its calls returns.
	 * Calls that only wait (poll, select, epoll_wait) may return.
	 */
	async toStaySilent(silence: SilenceOptions): Promise<void> {
		const { context, host } = this.#peer;
		const events = () => (['output', 'call', 'process'] as const).flatMap((kind) => context.history.of(kind, host));
		await expectSilence(
			context,
			{
				what: `${this.#who} to stay silent`,
				violations: (period) =>
					events()
						.filter((event) => this.#breaks(event, period))
						.map(describeEvent),
				flush: async () => {
					await context.flush();
					this.#assertTraced();
				},
			},
			silence,
		);
	}

	/**
	 * Whether an event breaks the silence of the period. The end of the peer does so even if it was earlier, because
	 * nothing could be observed after it.
	 */
	#breaks(event: EventOf<'output' | 'call' | 'process'>, { from, flushedAt, until }: SilencePeriod): boolean {
		if (event.peer !== this.#peer.name) return false;
		if (event.kind === 'process') return event.what === 'exited' && event.t <= until;
		if (event.kind === 'output') return event.t > from && event.t <= until;
		const end = endOf(event);
		// strace may stamp the end of a call later than other observers saw its effect. For example, the write of a text
		// that the spec has just seen printed is not new.
		return end <= until && (end > flushedAt || (end > from && event.t > from));
	}

	async #eventually<T extends { readonly t: number }>(
		condition: Omit<Condition<T>, 'limitMs'>,
		options: WaitOptions,
	): Promise<T> {
		const { context, host, name } = this.#peer;
		const impossible = () => this.#over() ?? frozenFor(context, host);
		return expectEventually(context, { impossible, ...condition }, options, () =>
			lastActionOf(context.history, host, name),
		);
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

	/** Throws OBSERVER_LOST if the peer is not traced any more, because then its calls cannot be found. */
	#assertTraced(call?: CallFamily): undefined {
		const { context, host, name } = this.#peer;
		assertSees(context.history, `what became of ${call ?? 'calls'} of ${name}`, {
			observer: `strace of ${name}`,
			host,
		});
		return undefined;
	}

	/** Returns descriptions of the last calls of a family, or of the last calls of any family if there are none. */
	#calls(call?: CallFamily): string[] {
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
	// With the flags g and y a RegExp keeps its position, and the next check would continue from there.
	return new RegExp(text.source, text.flags.replace(/[gy]/g, '')).test(written);
}

/** Returns the time when a call returned; never, for a call that blocks or only waits. */
function endOf(event: EventOf<'call'>): number {
	return event.took === undefined || isCall(event.name, 'poll') ? Number.NEGATIVE_INFINITY : event.t + event.took;
}
