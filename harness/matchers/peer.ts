import { assertSees } from '../observer-lost.ts';
import type { Peer } from '../peers/peer.ts';
import { describePeerEnd, type PeerEnd } from '../peers/peer.ts';
import type { Errno } from '../tcp.ts';
import { describeEvent } from '../timeline/describe.ts';
import type { CallName } from '../timeline/history.ts';
import { certain } from './certain.ts';
import { expectEventually, type Patience } from './waiting.ts';

/** What can be expected of a program under observation. */
export class PeerExpectation {
	readonly #peer: Peer;

	constructor(peer: Peer) {
		this.#peer = peer;
	}

	/** A call returned this value. Families count: `read` is also recv, readv, …. */
	async toHaveReturned(call: CallName, value: number, patience: Patience = {}): Promise<void> {
		const { context } = this.#peer;
		await expectEventually(
			context,
			{
				what: `${this.#who}: ${call} to return ${value}`,
				check: () => this.#peer.calls(call).find(({ returned }) => returned === value) ?? this.#assertTraced(call),
				nearest: () => this.#calls(call),
			},
			patience,
		);
	}

	/** A call failed with this errno. */
	async toFail(call: CallName, errno: Errno, patience: Patience = {}): Promise<void> {
		const { context } = this.#peer;
		await expectEventually(
			context,
			{
				what: `${this.#who}: ${call} to fail with ${errno}`,
				check: () => this.#peer.calls(call).find((made) => made.errno === errno) ?? this.#assertTraced(call),
				nearest: () => this.#calls(call),
			},
			patience,
		);
	}

	/** It, one of its threads or of its children is inside a call that has not returned; its tracer is asked whether it has. */
	async toBlockIn(call: CallName, patience: Patience = {}): Promise<void> {
		const { context, host } = this.#peer;
		const { history, clock } = context;
		/** When each call was first found blocking. A tracer tells that a call was entered before it can tell that it has returned. */
		const foundAt = new Map<string, number>();
		await expectEventually(
			context,
			{
				what: `${this.#who} to block in ${call}`,
				check: certain(context, {
					find: () => this.#peer.blockedIn(call),
					isSettled: ({ pid, tid, t }) => {
						const key = `${pid} ${tid} ${t}`;
						const since = foundAt.get(key) ?? history.at(clock.now());
						foundAt.set(key, since);
						this.#assertTraced(call);
						return history.knowledge.toldUntil({ observer: 'strace', host }) > since;
					},
					assertHope: () => this.#assertTraced(call),
				}),
				nearest: () => this.#calls(call),
			},
			patience,
		);
	}

	/** It wrote this to its standard output or error. */
	async toPrint(text: string | RegExp, patience: Patience = {}): Promise<void> {
		const { context, host, name } = this.#peer;
		const said = (written: string) => (typeof text === 'string' ? written.includes(text) : text.test(written));
		await expectEventually(
			context,
			{
				what: `${this.#who} to print ${text}`,
				check: () => {
					if (!said(this.#peer.output) && !said(this.#peer.complaints)) return undefined;
					return context.history.of('output', host).findLast(({ peer }) => peer === name);
				},
				nearest: () => [this.#peer.output, this.#peer.complaints].filter(Boolean),
			},
			patience,
		);
	}

	/** It ended, with this status, by this signal, or with its host. */
	async toHaveEnded(end: PeerEnd, patience: Patience = {}): Promise<void> {
		const { context, host, name } = this.#peer;
		const wanted = describePeerEnd(end);
		await expectEventually(
			context,
			{
				what: `${this.#who} to end: ${wanted}`,
				check: () => context.history.of('process', host).find(({ peer, what, text }) => peer === name && what === 'exited' && text === wanted),
				nearest: () => (this.#peer.end ? [`it ended: ${describePeerEnd(this.#peer.end)}`] : []),
			},
			patience,
		);
	}

	/** What nobody traces any more will never be found. */
	#assertTraced(call: CallName): undefined {
		const { context, host, name } = this.#peer;
		assertSees(context.history, `what became of ${call} of ${name}`, { observer: `strace of ${name}`, host });
		return undefined;
	}

	get #who(): string {
		return `${this.#peer.name} on the ${this.#peer.host}`;
	}

	#calls(call: CallName): string[] {
		return this.#peer.calls(call).slice(-5).map(describeEvent);
	}
}
