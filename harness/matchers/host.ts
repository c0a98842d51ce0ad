import type { Host } from '../host.ts';
import { assertSees } from '../observer-lost.ts';
import type { Errno, Span, State, TimerName } from '../tcp.ts';
import { describeEvent, describeRow } from '../timeline/describe.ts';
import type { EventOf } from '../timeline/events.ts';
import { pathOf } from '../timeline/states.ts';
import { expectEventually, type Patience } from './waiting.ts';

/** The first kernel with the tracepoint inet_sk_error_report. */
const TELLS_ERRORS = '5.14';

/** A socket as `ss` shows it. What is left out may be anything. */
export interface SocketShape {
	readonly state?: State;
	readonly receiveQueue?: number;
	readonly sendQueue?: number;
	/** `none`: no timer runs, so nothing will happen to it by itself. */
	readonly timer?: TimerName | 'none';
	/** How often the timer has fired without an answer; `atLeast` where the next time may come before anybody looks. */
	readonly timerCount?: number | { readonly atLeast: number };
	/** How long the timer still has to run. */
	readonly timerLeft?: Partial<Span>;
	readonly localPort?: number;
	readonly remotePort?: number;
}

type Row = EventOf<'sockets'>['rows'][number];

/** A socket as `ss` showed it: so it was between `t`, when the look began, and `seenBy`, when it was over; both in seconds of the history. */
export type SeenSocket = Row & { readonly t: number; readonly seenBy: number };

/** What can be expected of a host. */
export class HostExpectation {
	readonly #host: Host;

	constructor(host: Host) {
		this.#host = host;
	}

	/** `ss` shows such a socket; gives it as it was shown. */
	async toHaveSocket(shape: SocketShape, patience: Patience = {}): Promise<SeenSocket> {
		const passes = (rows: readonly Row[]) => rows.find((row) => fits(row, shape));
		const { began, t, found } = await this.#lookUntil(`a socket ${describeShape(shape)}`, passes, patience);
		return { ...found, t: began, seenBy: t };
	}

	/** `ss` shows so many sockets like this. */
	async toHaveSockets(count: number, shape: SocketShape, patience: Patience = {}): Promise<void> {
		await this.#lookUntil(
			`${count} sockets ${describeShape(shape)}`,
			(rows) => this.#all(rows).filter((row) => fits(row, shape)).length === count,
			patience,
		);
	}

	/** `ss` shows no such socket: none at all, without a shape. Gives when that was known, in seconds of the history. */
	async toHaveNoSocket(shape: SocketShape = {}, patience: Patience = {}): Promise<{ readonly t: number }> {
		return this.#lookUntil(`no socket ${describeShape(shape)}`, (rows) => !this.#all(rows).some((row) => fits(row, shape)), patience);
	}

	/** Its sockets went through these states in this order; others may lie between. */
	async toHavePassedThrough(...states: readonly State[]): Promise<void> {
		const { context, name } = this.#host;
		// Some last no longer than a segment is under way; no look at `ss` is sure to meet them.
		const what = `the ${name} to pass through ${states.join(', ')}`;
		if (this.#isSkipped(what)) return;
		const path = () => pathOf(context.history.of('state', name), name);
		await this.#looking(() =>
			expectEventually(
				context,
				{
					what,
					check: () => (isWithin(states, path()) ? { t: context.history.of('state', name).at(-1)?.t ?? 0 } : this.#assertSees('kernel', what)),
					nearest: () => [`it passed through ${path().join(', ')}`],
				},
				{},
			),
		);
	}

	/** The kernel reported this errno to one of its sockets, whether or not a call ever told it. */
	async toReport(errno: Errno, patience: Patience = {}): Promise<void> {
		const { context, name } = this.#host;
		const what = `the ${name}’s kernel to report ${errno}`;
		if (this.#isSkipped(what)) return;
		if (!this.#host.kernelIsAtLeast(TELLS_ERRORS)) {
			context.history.skip({ what, why: `kernels before ${TELLS_ERRORS} do not tell of it (tracepoint inet_sk_error_report)` });
			return;
		}
		const errors = () => context.history.of('error', name).filter(({ ghost, source }) => !ghost && source === 'kernel');
		await expectEventually(
			context,
			{
				what,
				check: () => errors().find((error) => error.errno === errno) ?? this.#assertSees('kernel', what),
				nearest: () => errors().map(describeEvent),
			},
			patience,
		);
	}

	/** What its observer cannot tell any more will never be found. */
	#assertSees(observer: 'kernel' | 'ss', judged: string): undefined {
		const { context, name } = this.#host;
		assertSees(context.history, judged, { observer, host: name });
		return undefined;
	}

	/** Rows that are all the sockets there are. */
	#all(rows: readonly Row[]): readonly Row[] {
		this.#assertSees('ss', `which sockets the ${this.#host.name} has`);
		return rows;
	}

	/** True where an expectation needs the kernel's own events, and they cannot be read: it is skipped, and the timeline says so. */
	#isSkipped(what: string): boolean {
		const { traced, history } = this.#host.context;
		if (!traced) history.skip({ what, why: 'the kernel’s own events cannot be read here; root can, where tracefs is mounted' });
		return !traced;
	}

	/**
	 * Looks afresh, then again and again: what was seen before the question does not answer it. What a look shows (or does not) was so when
	 * the look was over; when it began, on a busy machine long before, it may have been otherwise. So nothing is too early if now is not.
	 */
	async #lookUntil<Found>(
		what: string,
		passes: (rows: readonly Row[]) => Found | false | undefined,
		patience: Patience,
	): Promise<{ t: number; began: number; found: Found }> {
		const { context, name, boot } = this.#host;
		return this.#looking(async () => {
			await boot.look();
			return expectEventually(
				context,
				{
					what: `${what} on the ${name}`,
					check: () => {
						const found = passes(boot.sockets.rows);
						if (found === undefined || found === false) return this.#assertSees('ss', what);
						boot.keepLook();
						return { t: context.history.at(context.clock.now()), began: context.history.at(boot.sockets.t), found };
					},
					nearest: () => boot.sockets.rows.map(describeRow),
				},
				patience,
			);
		});
	}

	/** While sockets are waited for, `ss` looks at them: some states only it can tell. */
	async #looking<T>(work: () => Promise<T>): Promise<T> {
		const stop = this.#host.boot.watch();
		try {
			return await work();
		} finally {
			stop();
		}
	}
}

function fits(row: Row, { state, receiveQueue, sendQueue, timer, timerCount, timerLeft, localPort, remotePort }: SocketShape): boolean {
	return (
		(state === undefined || row.state === state) &&
		(receiveQueue === undefined || row.receiveQueue === receiveQueue) &&
		(sendQueue === undefined || row.sendQueue === sendQueue) &&
		(timer === undefined || (row.timer?.name ?? 'none') === timer) &&
		(timerCount === undefined || isCount(row.timer?.count, timerCount)) &&
		(timerLeft === undefined || isWithinSpan(row.timer?.leftMs, timerLeft)) &&
		(localPort === undefined || row.local.port === localPort) &&
		(remotePort === undefined || row.remote.port === remotePort)
	);
}

function isCount(count: number | undefined, wanted: number | { readonly atLeast: number }): boolean {
	return typeof wanted === 'number' ? count === wanted : count !== undefined && count >= wanted.atLeast;
}

function isWithinSpan(ms: number | undefined, { atLeastMs = 0, atMostMs = Number.POSITIVE_INFINITY }: Partial<Span>): boolean {
	return ms !== undefined && ms >= atLeastMs && ms <= atMostMs;
}

function describeShape(shape: SocketShape): string {
	const words = Object.entries(shape).map(([name, value]) => `${name} ${typeof value === 'object' ? JSON.stringify(value) : value}`);
	return words.length === 0 ? 'at all' : `with ${words.join(', ')}`;
}

function isWithin(wanted: readonly string[], path: readonly string[]): boolean {
	let found = 0;
	for (const state of path) if (state === wanted[found]) found++;
	return found === wanted.length;
}
