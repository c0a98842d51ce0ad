import { type EventOf, type HostName, otherHost } from './events.ts';
import type { Loss } from './timeline-file.ts';

/**
 * Observers by their names in losses. `rules`: whether all rules of a firewall are the lab's own; of others its log
 * tells nothing. Each peer has a tracer of its own, `strace of nc-1`; `strace` stands for all of a host.
 */
export type Observer = 'capture' | 'firewall' | 'rules' | 'kernel' | 'ss' | 'strace' | `strace of ${string}`;

/** An observer of one host; the kernel's trace is of both. */
export interface HostObserver {
	readonly observer: Observer;
	readonly host: HostName;
}

/** A packet, as far as its fate is concerned. */
type Packet = Pick<EventOf<'segment'>, 't' | 'host' | 'link' | 'fate' | 'arrived'>;

/**
 * How long a packet may be under way between two captures, in seconds: a softirq on a busy processor. One that a
 * running host has not seen by then did not arrive.
 */
export const TRANSIT_LIMIT = 0.1;

/** What the observers of a lab have told for certain, and what they have lost. All times are seconds of the history. */
export class Coverage {
	#losses: Loss[] = [];
	/** Up to when each observer has told all; absent for one that does not run. */
	readonly #completeUntil = new Map<string, number>();

	get losses(): readonly Loss[] {
		return this.#losses;
	}

	/** An observer missed something; with `since`, all that it would have told from then on is unknown. */
	lose(loss: Loss): void {
		this.#losses.push(loss);
	}

	/** An observer tells all again from `t` on: it was started anew, or has caught up. */
	recover({ observer, host }: HostObserver, t: number): void {
		const isOver = (loss: Loss) => isOpen(loss) && loss.observer === observer && (loss.host ?? host) === host;
		this.#losses = this.#losses.map((loss) => (isOver(loss) ? { ...loss, until: t } : loss));
	}

	/**
	 * All times count from another moment from now on, which is so many seconds after the one before. What was lost
	 * until then and told again is forgotten: it is no part of the history that begins.
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

	/** An observer runs from `t` on. */
	started(observed: HostObserver, t: number): void {
		this.#completeUntil.set(keyOf(observed), t);
		this.recover(observed, t);
	}

	/** An observer has told all up to `t`. */
	markComplete(observed: HostObserver, t: number): void {
		this.#completeUntil.set(keyOf(observed), Math.max(t, this.#completeUntil.get(keyOf(observed)) ?? t));
	}

	/** An observer has ended in good order: it has told all. */
	ended(observed: HostObserver): void {
		this.#completeUntil.delete(keyOf(observed));
	}

	/** Up to when an observer has told all; Infinity for one that does not run. */
	completeUntil(observed: HostObserver): number {
		return this.#completeUntil.get(keyOf(observed)) ?? Number.POSITIVE_INFINITY;
	}

	/** Whether what an observer would have told of that time is unknown. */
	isBlind(observer: Observer, host: HostName, t: number): boolean {
		return this.#losses.some(
			(loss) =>
				concerns(loss, { observer, host }) &&
				loss.since !== undefined &&
				loss.since <= t &&
				t < (loss.until ?? Number.POSITIVE_INFINITY),
		);
	}

	/** What made one of these observers lose sight, at any time so far. */
	anyLoss(...observed: readonly HostObserver[]): Loss | undefined {
		return this.#losses.find((loss) => loss.since !== undefined && observed.some((one) => concerns(loss, one)));
	}

	/** The same, of what has happened since `t`. */
	anyLossSince(t: number, ...observed: readonly HostObserver[]): Loss | undefined {
		const isLater = ({ since, until = Number.POSITIVE_INFINITY }: Loss) => since !== undefined && until > t;
		return this.#losses.find((loss) => isLater(loss) && observed.some((one) => concerns(loss, one)));
	}

	/** Why one of these observers sees nothing any more. */
	openLoss(...observed: readonly HostObserver[]): Loss | undefined {
		return this.#losses.find((loss) => isOpen(loss) && observed.some((one) => concerns(loss, one)));
	}

	/** Whether nothing that observers have still to tell can change what became of a packet. */
	isFinal({ t, host: sender, link, fate, arrived = t }: Packet): boolean {
		if (fate === 'dropped' || fate === 'unknown') return true;
		const receiver = link === 'loopback' ? sender : otherHost(sender);
		const has = (observer: Observer, until: number) =>
			this.completeUntil({ observer, host: receiver }) > until || this.isBlind(observer, receiver, until);
		if (fate === 'delivered') return has('capture', arrived) && has('firewall', arrived);
		return has('capture', t + TRANSIT_LIMIT) && has('firewall', t + TRANSIT_LIMIT);
	}
}

const keyOf = ({ observer, host }: HostObserver) => `${observer} ${host}`;
const isOpen = ({ since, until }: Loss) => since !== undefined && until === undefined;

function concerns(loss: Loss, { observer, host }: HostObserver): boolean {
	const isSame =
		observer === loss.observer ||
		observer.startsWith(`${loss.observer} of `) ||
		(observer === 'firewall' && loss.observer === 'rules');
	return isSame && (loss.host === undefined || loss.host === host);
}
