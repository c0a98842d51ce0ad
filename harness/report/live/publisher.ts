import { connect, type Socket } from 'node:net';
import type { TimelineFile } from '../../timeline/events.ts';
import { currentLiveSocket } from './live-socket.ts';
import { type Began, type LiveMessage, lineOf } from './messages.ts';
import { type Changeable, takeSnapshots } from './snapshots.ts';

/** Something that is waited for, as a lab has it. */
interface Wait {
	readonly what: string;
	readonly limitMs: number | undefined;
}

/**
 * How often the lab's clock is told while something is waited for, in ms of this process: what shows it counts whole
 * seconds.
 */
const CLOCK_EVERY_MS = 500;

/**
 * One scenario’s voice. Nothing it does fails, and none of it is waited for: whether anybody hears is nothing to the
 * scenario.
 */
export interface Publisher {
	/** From now on time is the lab's, which does not go by the wall's: `now` in ms. */
	timeBy(now: () => number): void;
	/** A wait has begun; the returned function ends it. */
	waiting(wait: Wait): () => void;
	/** From now on tells the history as it grows, where that is wanted. `soFar` makes the timeline. */
	follow(history: Changeable, soFar: () => TimelineFile): void;
	/** All is written. */
	finished(timeline: TimelineFile): void;
	/** The scenario is over, however it ended. */
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
 * Tells the runner that a scenario has begun, and what it does from then on; to nobody, at no cost, where nobody
 * listens.
 */
export function publishLive(scenario: Omit<Began, 'kind'>): Publisher {
	const place = currentLiveSocket();
	if (place?.wanted === undefined) return SILENT;
	const socket = connect(place.socket).unref();
	// Nobody there, or no longer: what is written is lost then.
	socket.on('error', () => {});
	const publisher = place.wanted === 'drawings' ? new HistoryPublisher(socket) : new WaitPublisher(socket);
	publisher.publish({ kind: 'began', ...scenario });
	return publisher;
}

/** Tells what is waited for. */
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

	waiting({ what, limitMs }: Wait): () => void {
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

/** Tells the history besides. */
class HistoryPublisher extends WaitPublisher {
	#unfollow = () => {};

	override follow(history: Changeable, soFar: () => TimelineFile): void {
		this.#unfollow = takeSnapshots(history, () => {
			// Whoever has not read the last one yet would read a later one later still.
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
