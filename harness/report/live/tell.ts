import { connect, type Socket } from 'node:net';
import type { TimelineFile } from '../../timeline/events.ts';
import { type Changing, follow } from './follow.ts';
import { type Began, type LiveMessage, lineOf } from './messages.ts';
import { currentPlace } from './place.ts';

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

/** One scenario’s voice. Nothing it does fails, and none of it is waited for: whether anybody hears is nothing to the scenario. */
export interface Teller {
	/** From now on time is the lab's, which does not go by the wall's: `now` in ms. */
	timeBy(now: () => number): void;
	/** A wait has begun; the returned function ends it. */
	waiting(wait: Wait): () => void;
	/** From now on tells the history as it grows, where that is wanted. `soFar` makes the timeline. */
	follow(history: Changing, soFar: () => TimelineFile): void;
	/** All is written. */
	finished(timeline: TimelineFile): void;
	/** The scenario is over, however it ended. */
	close(): void;
}

const SILENT: Teller = { timeBy: () => {}, waiting: () => () => {}, follow: () => {}, finished: () => {}, close: () => {} };

/** Tells the runner that a scenario has begun, and what it does from then on; to nobody, at no cost, where nobody listens. */
export function tellLive(scenario: Omit<Began, 'kind'>): Teller {
	const place = currentPlace();
	if (place?.wanted === undefined) return SILENT;
	const socket = connect(place.socket).unref();
	// Nobody there, or no longer: what is written is lost then.
	socket.on('error', () => {});
	const teller = place.wanted === 'drawings' ? new Narrator(socket) : new Voice(socket);
	teller.say({ kind: 'began', ...scenario });
	return teller;
}

/** Tells what is waited for. */
class Voice implements Teller {
	protected readonly socket: Socket;
	#waits = 0;
	#open = 0;
	#ticking: NodeJS.Timeout | undefined;
	#now: (() => number) | undefined;

	constructor(socket: Socket) {
		this.socket = socket;
	}

	say(message: LiveMessage): void {
		if (this.socket.writable) this.socket.write(lineOf(message));
	}

	timeBy(now: () => number): void {
		this.#now = now;
	}

	waiting({ what, limitMs }: Wait): () => void {
		const wait = this.#waits++;
		const now = this.#now;
		const limit = limitMs !== undefined && Number.isFinite(limitMs) && { limitMs };
		this.say({ kind: 'waits', wait, what, ...limit, ...(now && { now: now() }) });
		if (this.#open++ === 0 && now) this.#ticking = setInterval(() => this.say({ kind: 'clock', now: now() }), CLOCK_EVERY_MS).unref();
		return () => {
			this.say({ kind: 'waited', wait });
			if (--this.#open === 0) clearInterval(this.#ticking);
		};
	}

	follow(_history: Changing, _soFar: () => TimelineFile): void {}

	finished(_timeline: TimelineFile): void {}

	close(): void {
		clearInterval(this.#ticking);
		this.socket.end();
	}
}

/** Tells the history besides. */
class Narrator extends Voice {
	#unfollow = () => {};

	override follow(history: Changing, soFar: () => TimelineFile): void {
		this.#unfollow = follow(history, () => {
			// Whoever has not read the last one yet would read a later one later still.
			if (this.socket.writableLength > 0) return false;
			this.say({ kind: 'snapshot', timeline: soFar() });
			return true;
		});
	}

	override finished(timeline: TimelineFile): void {
		this.#unfollow();
		this.say({ kind: 'finished', timeline });
	}

	override close(): void {
		this.#unfollow();
		super.close();
	}
}
