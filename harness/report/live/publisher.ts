import { connect, type Socket } from 'node:net';
import type { TimelineFile } from '../../timeline/timeline-file.ts';
import { currentLiveSocket } from './live-socket.ts';
import { type Began, type LiveMessage, lineOf } from './messages.ts';
import { type Changeable, takeSnapshots } from './snapshots.ts';

/** A wait of a lab. */
interface AnnouncedWait {
	readonly what: string;
	readonly limitMs: number | undefined;
}

/**
 * How often the lab's clock is published during a wait, in ms of this process. Views show whole seconds.
 */
const CLOCK_EVERY_MS = 500;

/**
 * Publishes what one scenario does. No method fails or waits: a scenario does not depend on whether there is a
 * subscriber.
 */
export interface Publisher {
	/** From now on, messages contain the time of the lab's clock, which `now` returns in ms. */
	timeBy(now: () => number): void;
	/** Publishes that a wait has begun; the returned function publishes its end. */
	waiting(wait: AnnouncedWait): () => void;
	/** From now on, publishes the growing timeline if the runner subscribed to it. `soFar` creates it. */
	follow(history: Changeable, soFar: () => TimelineFile): void;
	/** Called once, when the timeline is written. */
	finished(timeline: TimelineFile): void;
	/** Called once, however the scenario ended. */
	close(): void;
}

const SILENT: Publisher = {
	timeBy: () => {},
	waiting: () => () => {},
	follow: () => {},
	finished: () => {},
	close: () => {},
};

/**
 * Publishes that a scenario has begun, and returns the publisher of what it does from then on. Without a subscriber it
 * does nothing and costs nothing.
 */
export function publishLive(scenario: Omit<Began, 'kind'>): Publisher {
	const live = currentLiveSocket();
	if (live?.topic === undefined) return SILENT;
	const socket = connect(live.socket).unref();
	// If the subscriber is missing or gone, messages are lost.
	socket.on('error', () => {});
	const publisher = live.topic === 'drawings' ? new HistoryPublisher(socket) : new WaitPublisher(socket);
	publisher.publish({ kind: 'began', ...scenario });
	return publisher;
}

/** Publishes waits. */
class WaitPublisher implements Publisher {
	protected readonly socket: Socket;
	#waits = 0;
	#open = 0;
	#ticking: NodeJS.Timeout | undefined;
	#now: (() => number) | undefined;

	constructor(socket: Socket) {
		this.socket = socket;
	}

	publish(message: LiveMessage): void {
		if (this.socket.writable) this.socket.write(lineOf(message));
	}

	timeBy(now: () => number): void {
		this.#now = now;
	}

	waiting({ what, limitMs }: AnnouncedWait): () => void {
		const wait = this.#waits++;
		const now = this.#now;
		const limit = limitMs !== undefined && Number.isFinite(limitMs) && { limitMs };
		this.publish({ kind: 'waits', wait, what, ...limit, ...(now && { now: now() }) });
		if (this.#open++ === 0 && now)
			this.#ticking = setInterval(() => this.publish({ kind: 'clock', now: now() }), CLOCK_EVERY_MS).unref();
		return () => {
			this.publish({ kind: 'waited', wait });
			if (--this.#open === 0) clearInterval(this.#ticking);
		};
	}

	follow(_history: Changeable, _soFar: () => TimelineFile): void {}

	finished(_timeline: TimelineFile): void {}

	close(): void {
		clearInterval(this.#ticking);
		this.socket.end();
	}
}

/** Publishes waits and the timeline so far. */
class HistoryPublisher extends WaitPublisher {
	#unfollow = () => {};

	override follow(history: Changeable, soFar: () => TimelineFile): void {
		this.#unfollow = takeSnapshots(history, () => {
			// If the subscriber has not read the last snapshot yet, another one would only increase the delay.
			if (this.socket.writableLength > 0) return false;
			this.publish({ kind: 'snapshot', timeline: soFar() });
			return true;
		});
	}

	override finished(timeline: TimelineFile): void {
		this.#unfollow();
		this.publish({ kind: 'finished', timeline });
	}

	override close(): void {
		this.#unfollow();
		super.close();
	}
}
