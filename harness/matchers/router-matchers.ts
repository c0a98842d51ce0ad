import { z } from 'zod';
import type { Router } from '../lab/router.ts';
import { realTimeInterval, virtualTimeInterval } from '../probes/sampling-interval.ts';
import type { Span } from '../tcp/span.ts';
import { describeConnection } from '../timeline/describe.ts';
import type { ConnectionRow } from '../timeline/events.ts';
import { checked } from '../util/options.ts';
import { expectEventually, expecting, type WaitOptions } from './expecting.ts';
import { lastActionOf } from './span-start.ts';

/** The states of TCP connections in the kernel’s connection tracking (tcp_conntrack_names). */
const CONNTRACK_STATES = [
	'SYN_SENT',
	'SYN_RECV',
	'ESTABLISHED',
	'FIN_WAIT',
	'CLOSE_WAIT',
	'LAST_ACK',
	'TIME_WAIT',
	'CLOSE',
	'SYN_SENT2',
] as const;
export type ConntrackState = (typeof CONNTRACK_STATES)[number];

/** The properties that a tracked connection must have. A property that is not given may have any value. */
export interface ConnectionShape {
	readonly state?: ConntrackState;
	/** The time until it is forgotten if no packet comes. The kernel tells whole seconds. */
	readonly timeLeft?: Partial<Span>;
	/** The ports of the packets of the side that opened the connection, as that side sends them. */
	readonly sourcePort?: number;
	readonly destinationPort?: number;
	/** Whether the other side has answered. */
	readonly replied?: boolean;
}

const port = z.int().min(0).max(65_535);
const shapeSchema = z.strictObject({
	state: z.enum(CONNTRACK_STATES).optional(),
	timeLeft: z
		.strictObject({ atLeastMs: z.number().nonnegative().optional(), atMostMs: z.number().nonnegative().optional() })
		.optional(),
	sourcePort: port.optional(),
	destinationPort: port.optional(),
	replied: z.boolean().optional(),
}) satisfies z.ZodObject<Record<keyof ConnectionShape, z.ZodType>>;

/** A connection as the router knew it: `t` is when the table had been read, in seconds of the timeline. */
export type SeenConnection = ConnectionRow & { readonly t: number };

/** The matchers of a router. They consider what its connection tracking table contains from now on. */
export class RouterExpectation {
	readonly #router: Router;

	constructor(router: Router) {
		this.#router = router;
	}

	/** Resolves when the router knows a connection of this shape. Returns the connection as it was known. */
	async toHaveConnection(shape: ConnectionShape, options: WaitOptions = {}): Promise<SeenConnection> {
		const { t, found } = await this.#sampleUntil(`a connection ${describeShape(shape)}`, shape, options, (rows) =>
			rows.find((row) => fits(row, shape)),
		);
		return { ...found, t };
	}

	/** Resolves when the router knows no connection of this shape; without a shape, none at all. */
	async toHaveNoConnection(shape: ConnectionShape = {}, options: WaitOptions = {}): Promise<{ readonly t: number }> {
		return this.#sampleUntil(`no connection ${describeShape(shape)}`, shape, options, (rows) =>
			rows.some((row) => fits(row, shape)) ? undefined : true,
		);
	}

	/** Reads the table until `find` succeeds. */
	async #sampleUntil<Found>(
		sought: string,
		shape: ConnectionShape,
		options: WaitOptions,
		find: (rows: readonly ConnectionRow[]) => Found | undefined,
	): Promise<{ readonly t: number; readonly found: Found }> {
		checked(shapeSchema, shape, 'expect(router): a connection');
		const { context, name } = this.#router;
		const { history, clock, virtualTime } = context;
		const what = `${sought} on the ${name}`;
		const start = lastActionOf(history, name);
		const interval = virtualTime ? virtualTimeInterval : realTimeInterval;
		const began = clock.now();
		let latest = await expecting(context, what, () => this.#router.sampleConnections());
		const over = new AbortController();
		let failure: unknown;
		const watch = async () => {
			for (let samples = 1; !over.signal.aborted; samples++) {
				await clock.sleep(interval({ samples, seconds: clock.now() - began, rows: [] }), over.signal);
				if (over.signal.aborted) return;
				latest = await this.#router.sampleConnections();
				history.notify();
			}
		};
		watch().catch((error: unknown) => {
			failure = error;
			history.notify();
		});
		try {
			return await expectEventually(
				context,
				{
					what,
					check: () => {
						if (failure) throw failure;
						const found = find(latest.entries);
						if (found === undefined) return undefined;
						const t = history.at(latest.t);
						history.add({ kind: 'connections', t, host: name, rows: [...latest.entries] });
						return { t, found };
					},
					nearest: () => {
						const { entries } = latest;
						return entries.length === 0 ? ['conntrack shows none'] : entries.map(describeConnection);
					},
				},
				options,
				() => start,
			);
		} finally {
			over.abort();
		}
	}
}

function fits(
	{ state, secondsLeft, original, replied }: ConnectionRow,
	{ timeLeft, sourcePort, destinationPort, ...wanted }: ConnectionShape,
): boolean {
	const { atLeastMs = 0, atMostMs = Number.POSITIVE_INFINITY } = timeLeft ?? {};
	const leftMs = secondsLeft === undefined ? undefined : secondsLeft * 1_000;
	return (
		(wanted.state === undefined || state === wanted.state) &&
		(wanted.replied === undefined || replied === wanted.replied) &&
		(sourcePort === undefined || original.from.port === sourcePort) &&
		(destinationPort === undefined || original.to.port === destinationPort) &&
		(timeLeft === undefined || (leftMs !== undefined && leftMs >= atLeastMs && leftMs <= atMostMs))
	);
}

function describeShape(shape: ConnectionShape): string {
	const words = Object.entries(shape).map(
		([name, value]) => `${name} ${typeof value === 'object' ? JSON.stringify(value) : value}`,
	);
	return words.length === 0 ? 'at all' : `with ${words.join(', ')}`;
}
