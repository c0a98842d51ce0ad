import { Duplex } from 'node:stream';
import type { LabClock } from '../engine.ts';
import type { GuestTransport } from './running-guest.ts';
import { type FromGuest, TO_GUEST_MAX_BYTES } from './shared-memory.ts';

/** Turns of the event loop without a new request after which the harness counts as idle. */
const IDLE_LOOP_TURNS = 4;
/** Length of a turn, in nanoseconds of guest time, when no sleep sets a deadline. */
const DEFAULT_TURN_NS = 1_000_000_000n;

/** A pending `sleep` of the lab's clock. */
interface Sleeper {
	readonly until: bigint;
	wake(error?: Error): void;
}

/**
 * Runs a guest and the harness in turns. The guest runs until its agent has sent something and the guest is idle, or
 * until the next deadline. Then the guest stays paused until the harness is idle: it has read the output and has sent
 * all its requests.
 */
export class Guest {
	readonly clock: LabClock;
	/** Channel to the agent that the guest's init process started. It fails with the error that ended the guest. */
	readonly channel: Duplex;
	readonly #transport: GuestTransport;
	readonly #sleepers = new Set<Sleeper>();
	readonly #finished: Promise<unknown>;
	#pending: Buffer[] = [];
	/** Number of requests so far. An unchanged number means that the harness is idle. */
	#requests = 0;
	#now = 0n;
	#ended = false;
	#restart = false;
	#ready = false;
	#seed: bigint;
	#failure: Error | undefined;

	/**
	 * A `seed` other than 0 reseeds the guest's random numbers in its first turn, before any connection is made. With 0
	 * they are those of the snapshot.
	 */
	constructor(transport: GuestTransport, seed = 0n) {
		this.#transport = transport;
		this.#seed = seed;
		this.channel = new Duplex({
			read: () => {},
			write: (bytes: Buffer, _encoding, done) => {
				this.#pending.push(bytes);
				this.#requests++;
				done();
			},
			final: (done) => {
				this.#restart = true;
				this.#requests++;
				done();
			},
		});
		this.channel.on('error', () => {});
		this.clock = {
			source: 'the clock of the guest, which stands still while the harness is busy',
			// The guest sends the time with its output, and its clock stands still until its next turn.
			precision: 0,
			now: () => Number(this.#now / 1_000n) / 1e6,
			calibrate: async () => ({ t: this.clock.now(), setBy: 0 }),
			sleep: (milliseconds, signal) => this.#sleep(milliseconds, signal),
		};
		this.#receive(transport.first);
		this.#finished = this.#runTurns().catch((error: Error) => this.#fail(error));
	}

	/**
	 * Call it after the channel has ended. Resolves when the guest is paused and a new agent has started in it. The guest
	 * must not be used afterwards.
	 */
	async restarted(): Promise<void> {
		await this.#finished;
		if (this.#failure) throw this.#failure;
	}

	/** Called once, when the lab has been set up and nothing specific to a scenario has been sent. */
	ready(): void {
		this.#ready = true;
	}

	/**
	 * Ends the guest immediately, then its channel. Pending sleeps resolve, because the guest's clock will not advance
	 * again.
	 */
	async end(): Promise<void> {
		this.#ended = true;
		await this.#transport.end();
		await this.#finished;
		this.channel.push(null);
		for (const { wake } of this.#sleepers) wake();
	}

	async #runTurns(): Promise<void> {
		while (!this.#ended) {
			await this.#harnessIdle();
			if (this.#ended) break;
			const bytes = Buffer.concat(this.#pending);
			this.#pending = bytes.length > TO_GUEST_MAX_BYTES ? [bytes.subarray(TO_GUEST_MAX_BYTES)] : [];
			const last = this.#restart && this.#pending.length === 0;
			if (this.#ready) await this.#transport.ready();
			this.#ready = false;
			const seed = this.#seed;
			this.#seed = 0n;
			const output = await this.#transport.turn({
				deadline: this.#deadline(),
				bytes: bytes.subarray(0, TO_GUEST_MAX_BYTES),
				seed,
				restart: last,
			});
			if (last) return void this.channel.push(null);
			this.#receive(output);
		}
	}

	/** Passes on the output of a turn. */
	#receive({ now, bytes }: FromGuest): void {
		if (this.#ended) return;
		this.#now = now;
		for (const sleeper of this.#sleepers) if (sleeper.until <= now) sleeper.wake();
		if (bytes.length > 0) this.channel.push(bytes);
	}

	async #harnessIdle(): Promise<void> {
		for (let quiet = 0, seen = this.#requests; quiet < IDLE_LOOP_TURNS; quiet++) {
			await new Promise(setImmediate);
			if (seen !== this.#requests) quiet = -1;
			seen = this.#requests;
		}
	}

	#deadline(): bigint {
		if (this.#pending.length > 0) return this.#now;
		let earliest: bigint | undefined;
		for (const { until } of this.#sleepers) if (earliest === undefined || until < earliest) earliest = until;
		return earliest ?? this.#now + DEFAULT_TURN_NS;
	}

	#sleep(milliseconds: number, signal: AbortSignal): Promise<void> {
		if (signal.aborted || this.#ended) return Promise.resolve();
		if (this.#failure) return Promise.reject(this.#failure);
		this.#requests++;
		return new Promise((resolve, reject) => {
			const wake = (error?: Error) => {
				this.#sleepers.delete(sleeper);
				signal.removeEventListener('abort', abort);
				if (error) reject(error);
				else resolve();
			};
			const abort = () => wake();
			const sleeper: Sleeper = { until: this.#now + BigInt(Math.ceil(milliseconds * 1e6)), wake };
			this.#sleepers.add(sleeper);
			signal.addEventListener('abort', abort, { once: true });
		});
	}

	#fail(error: Error): void {
		if (this.#ended) return;
		this.#failure = error;
		this.channel.destroy(error);
		for (const { wake } of this.#sleepers) wake(error);
	}
}
