import { z } from 'zod';
import type { Host } from '../lab/host.ts';
import type { Impossibility } from '../lab/wait.ts';
import { assertErrno, type Errno } from '../tcp/errnos.ts';
import type { Span } from '../tcp/span.ts';
import { canReach, STATES, type State, TIMER_NAMES, type TimerName } from '../tcp/states.ts';
import { describeEvent, describeRow } from '../timeline/describe.ts';
import type { SocketRow } from '../timeline/events.ts';
import { assertSees } from '../timeline/observer-lost.ts';
import { pathOf } from '../timeline/states.ts';
import { checked, checkedName } from '../util/options.ts';
import { isSpecIdle, offFor } from './cannot-happen.ts';
import { expectEventually, expecting, type WaitOptions } from './expecting.ts';
import { lastActionOf } from './span-start.ts';

/** The first kernel with the tracepoint inet_sk_error_report. */
const REPORTS_ERRORS = '5.14';

/** The properties that a socket must have, as `ss` shows them. A property that is not given may have any value. */
export interface SocketShape {
	readonly state?: State;
	/** Recv-Q: the bytes that wait to be read; for a listener, the connections that wait for accept. */
	readonly receiveQueue?: number;
	/** Send-Q: the bytes that are not acknowledged yet; for a listener, the backlog. */
	readonly sendQueue?: number;
	/** `none`: no timer runs, so the socket will do nothing until something else happens. */
	readonly timer?: TimerName | 'none';
	/** How often the timer has fired without an answer. Use `atLeast` if it may fire again before the next sample. */
	readonly timerCount?: number | { readonly atLeast: number };
	/** The time until the timer fires. */
	readonly timerLeft?: Partial<Span>;
	readonly localPort?: number;
	readonly remotePort?: number;
}

/** Calls that make a socket visible to `ss`. After socket(2) alone it has no state yet, and `ss` does not show it. */
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

/**
 * A socket as `ss` showed it in one sample. It had these properties at some time between `t`, when the sample began,
 * and `seenBy`, when it ended; both are in seconds of the timeline.
 */
export type SeenSocket = SocketRow & { readonly t: number; readonly seenBy: number };

/** The matchers of a host. Those about sockets consider what `ss` shows from now on. */
export class HostExpectation {
	readonly #host: Host;

	constructor(host: Host) {
		this.#host = host;
	}

	/** Resolves when `ss` shows a socket of this shape. Returns the socket as it was shown. */
	async toHaveSocket(shape: SocketShape, options: WaitOptions = {}): Promise<SeenSocket> {
		this.#check(shape);
		const find = (rows: readonly SocketRow[]) => rows.find((row) => fits(row, shape));
		const impossible = () => this.#cannotReach(shape);
		const { began, t, found } = await this.#sampleUntil(
			`a socket ${describeShape(shape)}`,
			shape,
			find,
			options,
			impossible,
		);
		return { ...found, t: began, seenBy: t };
	}

	/** Resolves when `ss` shows exactly this number of sockets of this shape. */
	async toHaveSockets(count: number, shape: SocketShape, options: WaitOptions = {}): Promise<void> {
		checked(z.int().nonnegative(), count, `expect(${this.#host.name}): how many sockets`);
		this.#check(shape);
		const find = (rows: readonly SocketRow[]) => this.#all(rows).filter((row) => fits(row, shape)).length === count;
		await this.#sampleUntil(`${count} sockets ${describeShape(shape)}`, shape, find, options);
	}

	/**
	 * Resolves when `ss` shows no socket of this shape; without a shape, no socket at all. Returns the end of that
	 * sample, in seconds of the timeline.
	 */
	async toHaveNoSocket(shape: SocketShape = {}, options: WaitOptions = {}): Promise<{ readonly t: number }> {
		this.#check(shape);
		return this.#sampleUntil(
			`no socket ${describeShape(shape)}`,
			shape,
			(rows) => !this.#all(rows).some((row) => fits(row, shape)),
			options,
		);
	}

	/** Resolves when the host's sockets have gone through these states in this order. Other states may lie between. */
	async toHavePassedThrough(...states: readonly State[]): Promise<void> {
		for (const state of states) checkedName(STATES, state, `expect(${this.#host.name}): a state`);
		const { context, name } = this.#host;
		// Some states last only as long as a segment is in transit, so a sample of `ss` may miss them.
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

	/**
	 * Resolves when the kernel has reported this errno to one of the host's sockets, whether or not a call ever returned
	 * it. Skipped, with a note in the timeline, on kernels that have no such event or if the kernel's trace cannot be
	 * read.
	 */
	async toReport(errno: Errno, options: WaitOptions = {}): Promise<void> {
		assertErrno(errno, `expect(${this.#host.name}): an errno`);
		const { context, name } = this.#host;
		const what = `the ${name}’s kernel to report ${errno}`;
		if (this.#isSkipped(what)) return;
		if (!this.#host.kernelIsAtLeast(REPORTS_ERRORS)) {
			context.history.skip({
				what,
				why: `kernels before ${REPORTS_ERRORS} have no event for it (tracepoint inet_sk_error_report)`,
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

	/** Throws OBSERVER_LOST if the observer is lost, because then the condition cannot be found. */
	#assertSees(observer: 'kernel' | 'ss', judged: string): undefined {
		const { context, name } = this.#host;
		assertSees(context.history, judged, { observer, host: name });
		return undefined;
	}

	/** Returns the rows. Throws OBSERVER_LOST if they may not be all sockets of the host. */
	#all(rows: readonly SocketRow[]): readonly SocketRow[] {
		this.#assertSees('ss', `which sockets the ${this.#host.name} has`);
		return rows;
	}

	#check(shape: SocketShape): void {
		checked(shapeSchema, shape, `expect(${this.#host.name}): a socket`);
	}

	/**
	 * Returns the reason why no socket of this host can reach a state, if that is so: no existing socket can reach it, no
	 * program or listener of the host can create another socket, and the spec is not creating one.
	 */
	#cannotReach({ state, localPort, remotePort }: SocketShape): Impossibility | undefined {
		const { context, name, boot } = this.#host;
		if (state === undefined || !isSpecIdle(context) || this.#host.hasProgram) return undefined;
		if (this.#mayHaveSocketSince(boot.sockets.latest.t)) return undefined;
		const rows = boot.sockets.latest.rows.filter(
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

	/** Whether a call that makes sockets visible to `ss` was in progress after a sample (seconds since the epoch). */
	#mayHaveSocketSince(sampledAt: number): boolean {
		const { history } = this.#host.context;
		const since = history.at(sampledAt);
		return history
			.of('call', this.#host.name)
			.some(({ name, t, took = Number.POSITIVE_INFINITY }) => SHOWING_CALLS.includes(name) && t + took >= since);
	}

	/** Whether an expectation is skipped because it needs the kernel's events, which cannot be read. Records the skip. */
	#isSkipped(what: string): boolean {
		const { traced, history } = this.#host.context;
		if (!traced)
			history.skip({ what, why: 'the kernel’s own events cannot be read here; root can, where tracefs is mounted' });
		return !traced;
	}

	/**
	 * Samples the sockets until `find` succeeds. Only samples that begin after this call count. The time of the result,
	 * which is compared with the lower bound of `after`, is the end of the sample: at its beginning, which may be much
	 * earlier on a busy machine, the sockets may still have been different.
	 */
	async #sampleUntil<Found>(
		sought: string,
		shape: SocketShape,
		find: (rows: readonly SocketRow[]) => Found | false | undefined,
		options: WaitOptions,
		cannotReach: () => Impossibility | undefined = () => undefined,
	): Promise<{ t: number; began: number; found: Found }> {
		const { context, name, boot } = this.#host;
		const what = `${sought} on the ${name}`;
		const start = lastActionOf(context.history, name);
		return this.#whileWatching(async () => {
			await expecting(context, what, () => boot.sockets.sample());
			return expectEventually(
				context,
				{
					what,
					check: () => {
						const { t, rows } = boot.sockets.latest;
						const found = find(rows);
						if (found === undefined || found === false) return this.#assertSees('ss', what);
						boot.sockets.keepLatest();
						return { t: context.history.at(context.clock.now()), began: context.history.at(t), found };
					},
					impossible: () => this.#isOtherBoot(boot) ?? cannotReach(),
					// The last action of the spec may have created a socket since the last sample.
					flush: async () => {
						if (boot.running) await boot.sockets.sample();
					},
					nearest: () => {
						const { rows } = boot.sockets.latest;
						return rows.length === 0 ? ['ss shows none'] : rows.map((row) => describeCandidate(row, shape));
					},
				},
				options,
				() => start,
			);
		});
	}

	/** Returns a reason if the sampled boot is over: its sockets ended with it. */
	#isOtherBoot(boot: Host['boot']): Impossibility | undefined {
		if (boot.running) return undefined;
		return {
			why: `the ${this.#host.name}’s power went off`,
			remedy: 'Await the expectation before the power goes off, or start it after powerOn().',
		};
	}

	/** Runs the work while `ss` samples repeatedly: some states are shown only by `ss`, not by the kernel's trace. */
	async #whileWatching<T>(work: () => Promise<T>): Promise<T> {
		const stop = this.#host.boot.sockets.watch();
		try {
			return await work();
		} finally {
			stop();
		}
	}
}

function fits(row: SocketRow, shape: SocketShape): boolean {
	return differences(row, shape).length === 0;
}

/** Returns a description of a row with its differences from the shape. */
function describeCandidate(row: SocketRow, shape: SocketShape): string {
	const wrong = differences(row, shape);
	return wrong.length === 0 ? describeRow(row) : `${describeRow(row)}: ${wrong.join(', ')}`;
}

function differences(row: SocketRow, shape: SocketShape): string[] {
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
