import { HalfopenError } from '../errors.ts';
import type { Host } from '../host.ts';
import type { Errno, State, TimerName } from '../tcp.ts';
import { describeEvent, describeRow } from '../timeline/describe.ts';
import type { EventOf } from '../timeline/events.ts';
import { pathOf } from '../timeline/states.ts';
import { expectEventually, type Patience } from './waiting.ts';

/** A socket as `ss` shows it. What is left out may be anything. */
export interface SocketShape {
	readonly state?: State;
	readonly receiveQueue?: number;
	readonly sendQueue?: number;
	/** `none`: no timer runs, so nothing will happen to it by itself. */
	readonly timer?: TimerName | 'none';
	/** How often the timer has fired without an answer. */
	readonly timerCount?: number;
	readonly localPort?: number;
	readonly remotePort?: number;
}

type Row = EventOf<'sockets'>['rows'][number];

/** What can be expected of a host. */
export class HostExpectation {
	readonly #host: Host;

	constructor(host: Host) {
		this.#host = host;
	}

	/** `ss` shows such a socket. */
	async toHaveSocket(shape: SocketShape, patience: Patience = {}): Promise<void> {
		await this.#lookUntil(`a socket ${describeShape(shape)}`, (rows) => rows.some((row) => fits(row, shape)), patience);
	}

	/** `ss` shows no such socket: none at all, without a shape. */
	async toHaveNoSocket(shape: SocketShape = {}, patience: Patience = {}): Promise<void> {
		await this.#lookUntil(`no socket ${describeShape(shape)}`, (rows) => !rows.some((row) => fits(row, shape)), patience);
	}

	/** Its sockets went through these states in this order; others may lie between. */
	async toHavePassedThrough(...states: readonly State[]): Promise<void> {
		const { context, name } = this.#host;
		const path = () => pathOf(context.history.of('state', name), name);
		await this.#looking(() =>
			expectEventually(
				context,
				{
					what: `the ${name} to pass through ${states.join(', ')}`,
					check: () => (isWithin(states, path()) ? { t: context.history.of('state', name).at(-1)?.t ?? 0 } : undefined),
					nearest: () => [`it passed through ${path().join(', ')}`],
				},
				{},
			),
		);
	}

	/** The kernel reported this errno to one of its sockets, whether or not a call ever told it. */
	async toReport(errno: Errno, patience: Patience = {}): Promise<void> {
		const { context, name } = this.#host;
		if (!context.traced) {
			throw new HalfopenError('TRACE_MISSING', {
				problem: `What errno the ${name}’s kernel reports cannot be known here: its trace cannot be read.`,
				remedy: 'Mount tracefs at /sys/kernel/tracing on the engine’s machine; `npm run setup` does, as root.',
			});
		}
		const errors = () => context.history.of('error', name).filter(({ ghost, source }) => !ghost && source === 'kernel');
		await expectEventually(
			context,
			{
				what: `the ${name}’s kernel to report ${errno}`,
				check: () => errors().find((error) => error.errno === errno),
				nearest: () => errors().map(describeEvent),
			},
			patience,
		);
	}

	/** Looks afresh, then again and again: what was seen before the question does not answer it. */
	async #lookUntil(what: string, passes: (rows: readonly Row[]) => boolean, patience: Patience): Promise<void> {
		const { context, name, boot } = this.#host;
		await this.#looking(async () => {
			await boot.look();
			return expectEventually(
				context,
				{
					what: `${what} on the ${name}`,
					check: () => (passes(boot.sockets.rows) ? { t: context.history.at(boot.sockets.t) } : undefined),
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

function fits(row: Row, { state, receiveQueue, sendQueue, timer, timerCount, localPort, remotePort }: SocketShape): boolean {
	return (
		(state === undefined || row.state === state) &&
		(receiveQueue === undefined || row.receiveQueue === receiveQueue) &&
		(sendQueue === undefined || row.sendQueue === sendQueue) &&
		(timer === undefined || (row.timer?.name ?? 'none') === timer) &&
		(timerCount === undefined || row.timer?.count === timerCount) &&
		(localPort === undefined || row.local.port === localPort) &&
		(remotePort === undefined || row.remote.port === remotePort)
	);
}

function describeShape(shape: SocketShape): string {
	const words = Object.entries(shape).map(([name, value]) => `${name} ${value}`);
	return words.length === 0 ? 'at all' : `with ${words.join(', ')}`;
}

function isWithin(wanted: readonly string[], path: readonly string[]): boolean {
	let found = 0;
	for (const state of path) if (state === wanted[found]) found++;
	return found === wanted.length;
}
