import { type EventOf, type MachineName, receiverOf } from './events.ts';
import type { Loss } from './timeline-file.ts';

/**
 * The names of observers, as in losses. `rules` is the check that all rules of a firewall are the lab's own, because
 * the log does not show what other rules drop. `conntrack` are the events of a router’s connection tracking, `relay` is what takes packets off the wire and puts them back. Each peer has its own tracer, e.g. `strace of nc-1`; `strace` stands for
 * all tracers of a host.
 */
export type Observer =
	| 'capture'
	| 'firewall'
	| 'rules'
	| 'kernel'
	| 'ss'
	| 'conntrack'
	| 'relay'
	| 'strace'
	| `strace of ${string}`;

/**
 * An observer of one host, or of the wire. The kernel's trace covers both hosts, and is one observer for each.
 */
export interface HostObserver {
	readonly observer: Observer;
	readonly host: MachineName;
}

/** The fields of a packet that decide whether its fate is final. */
type FateFields = Pick<EventOf<'segment'>, 't' | 'host' | 'receiver' | 'link' | 'fate' | 'arrived' | 'changes'>;

/** Whether a fault of the wire keeps a packet, which may go on later. */
export const isHeld = ({ changes }: Pick<FateFields, 'changes'>): boolean =>
	changes?.some(({ what, until }) => what === 'held' && until === undefined) ?? false;

/**
 * How long a packet may be in transit between two captures, in seconds: a softirq on a busy processor. If a running
 * host has not seen the packet by then, it did not arrive.
 */
export const TRANSIT_LIMIT = 0.1;

/**
 * Up to when each observer of a lab has reported everything, and what observers have lost. All times are seconds of the
 * history.
 */
export class Coverage {
	#losses: Loss[] = [];
	#transitLimit = TRANSIT_LIMIT;
	/** Up to when each running observer has reported everything. */
	readonly #completeUntil = new Map<string, number>();

	get losses(): readonly Loss[] {
		return this.#losses;
	}

	/** How long a packet may be in transit in this lab, in seconds: longer if the wire delays packets. */
	get transitLimit(): number {
		return this.#transitLimit;
	}

	/** Records that the wire delays packets by up to so many seconds. */
	allowDelay(seconds: number): void {
		this.#transitLimit = Math.max(this.#transitLimit, TRANSIT_LIMIT + seconds);
	}

	/** Records a loss. With `since`, everything that the observer would have reported from then on is unknown. */
	lose(loss: Loss): void {
		this.#losses.push(loss);
	}

	/** Ends the losses of an observer at `t`: it was started again, or has caught up. */
	recover({ observer, host }: HostObserver, t: number): void {
		const isOver = (loss: Loss) => isOpen(loss) && loss.observer === observer && (loss.host ?? host) === host;
		this.#losses = this.#losses.map((loss) => (isOver(loss) ? { ...loss, until: t } : loss));
	}

	/**
	 * Moves the start of the history by this many seconds: all times are converted, and losses that ended before the new
	 * start are removed.
	 */
	begin(seconds: number): void {
		for (const [name, t] of this.#completeUntil) this.#completeUntil.set(name, t - seconds);
		const moved = this.#losses.map(({ since, until, ...loss }) => ({
			...loss,
			...(since !== undefined && { since: Math.max(0, since - seconds) }),
			...(until !== undefined && { until: until - seconds }),
		}));
		this.#losses = moved.filter(({ until = Number.POSITIVE_INFINITY }) => until > 0);
	}

	/** Records that an observer runs from `t` on. */
	started(observed: HostObserver, t: number): void {
		this.#completeUntil.set(keyOf(observed), t);
		this.recover(observed, t);
	}

	/** Records that an observer has reported everything up to `t`. */
	markComplete(observed: HostObserver, t: number): void {
		this.#completeUntil.set(keyOf(observed), Math.max(t, this.#completeUntil.get(keyOf(observed)) ?? t));
	}

	/** Records that an observer was stopped after it had reported everything. */
	ended(observed: HostObserver): void {
		this.#completeUntil.delete(keyOf(observed));
	}

	/** Returns up to when an observer has reported everything; Infinity if it does not run. */
	completeUntil(observed: HostObserver): number {
		return this.#completeUntil.get(keyOf(observed)) ?? Number.POSITIVE_INFINITY;
	}

	/** Whether an observer had a loss at that time, so that what it would have reported is unknown. */
	isBlind(observer: Observer, host: MachineName, t: number): boolean {
		return this.#losses.some(
			(loss) =>
				concerns(loss, { observer, host }) &&
				loss.since !== undefined &&
				loss.since <= t &&
				t < (loss.until ?? Number.POSITIVE_INFINITY),
		);
	}

	/** Returns the first loss with `since` of any of these observers. */
	anyLoss(...observed: readonly HostObserver[]): Loss | undefined {
		return this.#losses.find((loss) => loss.since !== undefined && observed.some((one) => concerns(loss, one)));
	}

	/** Returns the first loss of any of these observers that includes a time after `t`. */
	anyLossSince(t: number, ...observed: readonly HostObserver[]): Loss | undefined {
		const isLater = ({ since, until = Number.POSITIVE_INFINITY }: Loss) => since !== undefined && until > t;
		return this.#losses.find((loss) => isLater(loss) && observed.some((one) => concerns(loss, one)));
	}

	/** Returns the first loss of any of these observers that has not ended. */
	openLoss(...observed: readonly HostObserver[]): Loss | undefined {
		return this.#losses.find((loss) => isOpen(loss) && observed.some((one) => concerns(loss, one)));
	}

	/** Whether no further observation can change the fate of a packet. */
	isFinal(packet: FateFields): boolean {
		const { host: sender, link, fate, changes = [] } = packet;
		if (isHeld(packet)) return false;
		const t = Math.max(packet.t, ...changes.map(({ until = 0 }) => until));
		const { arrived = t } = packet;
		if (fate === 'dropped' || fate === 'unknown') return true;
		const receiver = link === 'loopback' ? sender : receiverOf(packet);
		const isComplete = (observer: Observer, host: MachineName, until: number) =>
			this.completeUntil({ observer, host }) > until || this.isBlind(observer, host, until);
		if (fate === 'delivered')
			return isComplete('capture', receiver, arrived) && isComplete('firewall', receiver, arrived);
		const until = t + this.#transitLimit;
		return (
			isComplete('capture', receiver, until) &&
			isComplete('firewall', receiver, until) &&
			isComplete('firewall', 'wire', until) &&
			isComplete('relay', 'wire', until) &&
			// Without a router, these do not run.
			ROUTER_OBSERVERS.every((observer) => isComplete(observer, 'router', until))
		);
	}
}

/** The observers of a router that decide what becomes of a packet. */
const ROUTER_OBSERVERS = ['capture', 'firewall', 'conntrack'] as const;

const keyOf = ({ observer, host }: HostObserver) => `${observer} ${host}`;
const isOpen = ({ since, until }: Loss) => since !== undefined && until === undefined;

function concerns(loss: Loss, { observer, host }: HostObserver): boolean {
	const isSame =
		observer === loss.observer ||
		observer.startsWith(`${loss.observer} of `) ||
		(observer === 'firewall' && loss.observer === 'rules');
	return isSame && (loss.host === undefined || loss.host === host);
}
