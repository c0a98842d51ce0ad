import { z } from 'zod';
import type { Host } from '../lab/host.ts';
import type { Impossibility } from '../lab/wait.ts';
import { assertErrno, type Errno } from '../tcp/errnos.ts';
import type { Span } from '../tcp/span.ts';
import { canReach, STATES, type State, TIMER_NAMES, type TimerName } from '../tcp/states.ts';
import { describeEvent, describeRow } from '../timeline/describe.ts';
import type { EventOf } from '../timeline/events.ts';
import { assertSees } from '../timeline/observer-lost.ts';
import { pathOf } from '../timeline/states.ts';
import { checked, checkedName } from '../util/options.ts';
import { isSpecIdle, offFor } from './cannot-happen.ts';
import { expectEventually, expecting, type WaitOptions } from './expecting.ts';
import { lastActionOf } from './span-start.ts';

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

/** Calls after which `ss` shows a socket that it did not show before (socket() alone does not: it has no state yet). */
const SHOWING_CALLS = ['connect', 'listen'];

const count = z.int().nonnegative();
const port = z.int().min(0).max(65_535);
const shapeSchema = z.strictObject({
	state: z.enum(STATES).optional(),
	receiveQueue: count.optional(),
	sendQueue: count.optional(),
	timer: z.enum([...TIMER_NAMES, 'none']).optional(),
	timerCount: z.union([count, z.strictObject({ atLeast: count })]).optional(),
	timerLeft: z
		.strictObject({ atLeastMs: z.number().nonnegative().optional(), atMostMs: z.number().nonnegative().optional() })
		.optional(),
	localPort: port.optional(),
	remotePort: port.optional(),
}) satisfies z.ZodObject<Record<keyof SocketShape, z.ZodType>>;

type Row = EventOf<'sockets'>['rows'][number];

/**
 * A socket as `ss` showed it: so it was between `t`, when the look began, and `seenBy`, when it was over; both in
 * seconds of the history.
 */
export type SeenSocket = Row & { readonly t: number; readonly seenBy: number };

/** What can be expected of a host. */
export class HostExpectation {
	readonly #host: Host;

	constructor(host: Host) {
		this.#host = host;
	}

	/** `ss` shows such a socket; gives it as it was shown. */
	async toHaveSocket(shape: SocketShape, options: WaitOptions = {}): Promise<SeenSocket> {
		this.#check(shape);
		const passes = (rows: readonly Row[]) => rows.find((row) => fits(row, shape));
		const impossible = () => this.#cannotReach(shape);
		const { began, t, found } = await this.#sampleUntil(
			`a socket ${describeShape(shape)}`,
			shape,
			passes,
			options,
			impossible,
		);
		return { ...found, t: began, seenBy: t };
	}

	/** `ss` shows so many sockets like this. */
	async toHaveSockets(count: number, shape: SocketShape, options: WaitOptions = {}): Promise<void> {
		checked(z.int().nonnegative(), count, `expect(${this.#host.name}): how many sockets`);
		this.#check(shape);
		const passes = (rows: readonly Row[]) => this.#all(rows).filter((row) => fits(row, shape)).length === count;
		await this.#sampleUntil(`${count} sockets ${describeShape(shape)}`, shape, passes, options);
	}

	/** `ss` shows no such socket: none at all, without a shape. Gives when that was known, in seconds of the history. */
	async toHaveNoSocket(shape: SocketShape = {}, options: WaitOptions = {}): Promise<{ readonly t: number }> {
		this.#check(shape);
		return this.#sampleUntil(
			`no socket ${describeShape(shape)}`,
			shape,
			(rows) => !this.#all(rows).some((row) => fits(row, shape)),
			options,
		);
	}

	/** Its sockets went through these states in this order; others may lie between. */
	async toHavePassedThrough(...states: readonly State[]): Promise<void> {
		for (const state of states) checkedName(STATES, state, `expect(${this.#host.name}): a state`);
		const { context, name } = this.#host;
		// Some last no longer than a segment is under way; no look at `ss` is sure to meet them.
		const what = `the ${name} to pass through ${states.join(', ')}`;
		if (this.#isSkipped(what)) return;
		const path = () => pathOf(context.history.of('state', name), name);
		await this.#whileWatching(() =>
			expectEventually(
				context,
				{
					what,
					check: () =>
						isWithin(states, path())
							? { t: context.history.of('state', name).at(-1)?.t ?? 0 }
							: this.#assertSees('kernel', what),
					nearest: () => [`it passed through ${path().join(', ') || 'none'}`],
				},
				{},
				() => lastActionOf(context.history, name),
			),
		);
	}

	/** The kernel reported this errno to one of its sockets, whether or not a call ever told it. */
	async toReport(errno: Errno, options: WaitOptions = {}): Promise<void> {
		assertErrno(errno, `expect(${this.#host.name}): an errno`);
		const { context, name } = this.#host;
		const what = `the ${name}’s kernel to report ${errno}`;
		if (this.#isSkipped(what)) return;
		if (!this.#host.kernelIsAtLeast(TELLS_ERRORS)) {
			context.history.skip({
				what,
				why: `kernels before ${TELLS_ERRORS} do not tell of it (tracepoint inet_sk_error_report)`,
			});
			return;
		}
		const errors = () => context.history.of('error', name).filter(({ ghost, source }) => !ghost && source === 'kernel');
		await expectEventually(
			context,
			{
				what,
				check: () => errors().find((error) => error.errno === errno) ?? this.#assertSees('kernel', what),
				impossible: () => offFor(context, name),
				nearest: () => (errors().length === 0 ? ['it reported none'] : errors().map(describeEvent)),
			},
			options,
			() => lastActionOf(context.history, name),
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

	#check(shape: SocketShape): void {
		checked(shapeSchema, shape, `expect(${this.#host.name}): a socket`);
	}

	/**
	 * Why no socket of this host can come to be in a state: none of those that there are leads there, no program and no
	 * listener of the host can make another one, and the spec makes none.
	 */
	#cannotReach({ state, localPort, remotePort }: SocketShape): Impossibility | undefined {
		const { context, name, boot } = this.#host;
		if (state === undefined || !isSpecIdle(context) || this.#host.hasProgram) return undefined;
		if (this.#mayHaveSocketSince(boot.sockets.t)) return undefined;
		const rows = boot.sockets.rows.filter(
			({ local, remote, state: now }) =>
				now === 'LISTEN' || ((localPort ?? local.port) === local.port && (remotePort ?? remote.port) === remote.port),
		);
		if (rows.some((row) => canReach(row.state, state))) return undefined;
		const why =
			rows.length === 0
				? `the ${name} has no such connection any more`
				: `none of the ${name}’s sockets can reach that state`;
		return {
			why: `${why}, and none of its programs can make another`,
			remedy: 'Correct the expectation, or start it before the action that leaves the state.',
		};
	}

	/** Whether a call that makes sockets visible to `ss` was under way after this time (seconds since the epoch). */
	#mayHaveSocketSince(looked: number): boolean {
		const { history } = this.#host.context;
		const since = history.at(looked);
		return history
			.of('call', this.#host.name)
			.some(({ name, t, took = Number.POSITIVE_INFINITY }) => SHOWING_CALLS.includes(name) && t + took >= since);
	}

	/**
	 * True where an expectation needs the kernel's own events, and they cannot be read: it is skipped, and the timeline
	 * says so.
	 */
	#isSkipped(what: string): boolean {
		const { traced, history } = this.#host.context;
		if (!traced)
			history.skip({ what, why: 'the kernel’s own events cannot be read here; root can, where tracefs is mounted' });
		return !traced;
	}

	/**
	 * Looks afresh, then again and again: what was seen before the question does not answer it. What a look shows (or
	 * does not) was so when the look was over; when it began, on a busy machine long before, it may have been otherwise.
	 * So nothing is too early if now is not.
	 */
	async #sampleUntil<Found>(
		sought: string,
		shape: SocketShape,
		passes: (rows: readonly Row[]) => Found | false | undefined,
		options: WaitOptions,
		cannotReach: () => Impossibility | undefined = () => undefined,
	): Promise<{ t: number; began: number; found: Found }> {
		const { context, name, boot } = this.#host;
		const what = `${sought} on the ${name}`;
		const origin = lastActionOf(context.history, name);
		return this.#whileWatching(async () => {
			await expecting(context, what, () => boot.sampleSockets());
			return expectEventually(
				context,
				{
					what,
					check: () => {
						const found = passes(boot.sockets.rows);
						if (found === undefined || found === false) return this.#assertSees('ss', what);
						boot.keepSample();
						return { t: context.history.at(context.clock.now()), began: context.history.at(boot.sockets.t), found };
					},
					impossible: () => this.#isOtherBoot(boot) ?? cannotReach(),
					// What the spec did last may have made a socket since the last look.
					flush: async () => {
						if (boot.running) await boot.sampleSockets();
					},
					nearest: () =>
						boot.sockets.rows.length === 0 ? ['ss shows none'] : boot.sockets.rows.map((row) => candidate(row, shape)),
				},
				options,
				() => origin,
			);
		});
	}

	/** Its sockets went with the boot that is looked at. */
	#isOtherBoot(boot: Host['boot']): Impossibility | undefined {
		if (boot.running) return undefined;
		return {
			why: `the ${this.#host.name}’s power went off`,
			remedy: 'Await the expectation before the power goes off, or start it after powerOn().',
		};
	}

	/** While sockets are waited for, `ss` looks at them: some states only it can tell. */
	async #whileWatching<T>(work: () => Promise<T>): Promise<T> {
		const stop = this.#host.boot.watch();
		try {
			return await work();
		} finally {
			stop();
		}
	}
}

function fits(row: Row, shape: SocketShape): boolean {
	return differences(row, shape).length === 0;
}

/** A row that is not what was asked for, and why not. */
function candidate(row: Row, shape: SocketShape): string {
	const wrong = differences(row, shape);
	return wrong.length === 0 ? describeRow(row) : `${describeRow(row)}: ${wrong.join(', ')}`;
}

function differences(row: Row, shape: SocketShape): string[] {
	const { state, receiveQueue, sendQueue, timer, timerCount, timerLeft, localPort, remotePort } = shape;
	const exact: [string, unknown, unknown][] = [
		['state', row.state, state],
		['receiveQueue', row.receiveQueue, receiveQueue],
		['sendQueue', row.sendQueue, sendQueue],
		['timer', row.timer?.name ?? 'none', timer],
		['localPort', row.local.port, localPort],
		['remotePort', row.remote.port, remotePort],
	];
	return [
		...exact.flatMap(([name, is, wanted]) =>
			wanted === undefined || is === wanted ? [] : [`${name} is ${is}, not ${wanted}`],
		),
		...(timerCount === undefined || isCount(row.timer?.count, timerCount)
			? []
			: [`timerCount is ${row.timer?.count ?? 'none'}`]),
		...(timerLeft === undefined || isWithinSpan(row.timer?.leftMs, timerLeft)
			? []
			: [`timerLeft is ${row.timer?.leftMs ?? 'none'}`]),
	];
}

function isCount(count: number | undefined, wanted: number | { readonly atLeast: number }): boolean {
	return typeof wanted === 'number' ? count === wanted : count !== undefined && count >= wanted.atLeast;
}

function isWithinSpan(
	ms: number | undefined,
	{ atLeastMs = 0, atMostMs = Number.POSITIVE_INFINITY }: Partial<Span>,
): boolean {
	return ms !== undefined && ms >= atLeastMs && ms <= atMostMs;
}

function describeShape(shape: SocketShape): string {
	const words = Object.entries(shape).map(
		([name, value]) => `${name} ${typeof value === 'object' ? JSON.stringify(value) : value}`,
	);
	return words.length === 0 ? 'at all' : `with ${words.join(', ')}`;
}

function isWithin(wanted: readonly string[], path: readonly string[]): boolean {
	let found = 0;
	for (const state of path) if (state === wanted[found]) found++;
	return found === wanted.length;
}
