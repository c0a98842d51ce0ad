import assert from 'node:assert/strict';
import { setTimeout as wait } from 'node:timers/promises';
import type { LabClock, Reading } from './engine.ts';

/** The number of round trips of the first calibration. The fastest give the narrowest bounds. */
const INITIAL_ROUNDS = 5;
/**
 * The largest drift between two clocks that are not set: each may be slewed by 500 ppm (MAXFREQ,
 * include/linux/timex.h).
 */
const MAX_DRIFT = 0.001;
/** In seconds. A smaller difference does not show that a clock was set, because no round trip is that fast. */
const MIN_STEP = 0.001;

/** Bounds of the offset: how far the hosts' clock is ahead of this process's monotonic clock, in seconds. */
interface Offset {
	readonly min: number;
	readonly max: number;
}

/**
 * The wall clock of the hosts' machine, which may be another one than this (DOCKER_HOST). It is computed from this
 * process's monotonic clock and an offset. This machine's own wall clock is never read.
 *
 * A host reads its clock between a request and its answer, so each round trip gives a lower and an upper bound of the
 * offset (as in NTP: RFC 5905, 8). The intersection of all bounds is kept, and its middle is used. So the error is at
 * most half of the shortest round trip, until the clocks have drifted apart. Then the latest bounds replace the earlier
 * ones.
 */
export class RealClock implements LabClock {
	readonly source =
		'CLOCK_REALTIME of the hosts’ machine: read at each boot and each flush, and advanced by the harness’s ' +
		'monotonic clock';
	readonly #monotonic: () => number;
	#offset: Offset | undefined;
	#comparedAt = 0;
	#precision = 0;
	#latest = Number.NEGATIVE_INFINITY;

	/** `monotonic` returns seconds since an arbitrary moment. */
	constructor(monotonic = () => performance.now() / 1_000) {
		this.#monotonic = monotonic;
	}

	get precision(): number {
		return this.#precision;
	}

	/** Never goes back, unless the hosts' clock was set. */
	now(): number {
		assert(this.#offset, 'calibrate is called before now');
		this.#latest = Math.max(this.#latest, this.#monotonic() + middle(this.#offset));
		return this.#latest;
	}

	async sleep(milliseconds: number, signal: AbortSignal): Promise<void> {
		await wait(milliseconds, undefined, { signal }).catch(() => {});
	}

	async calibrate(ask: () => Promise<number>): Promise<Reading> {
		const isFirst = this.#offset === undefined;
		let [t, setBy] = [0, 0];
		for (let rounds = isFirst ? INITIAL_ROUNDS : 1; rounds > 0; rounds--) {
			const sentAt = this.#monotonic();
			t = await ask();
			const receivedAt = this.#monotonic();
			setBy += this.#compare({ min: t - receivedAt, max: t - sentAt }, receivedAt);
		}
		const known = width(this.#offset) / 2;
		this.#precision = isFirst ? known : Math.max(this.#precision, known);
		return { t, setBy };
	}

	/** Returns by how much the hosts' clock was set, in seconds. */
	#compare(seen: Offset, receivedAt: number): number {
		const known = this.#offset ?? seen;
		const both = { min: Math.max(known.min, seen.min), max: Math.min(known.max, seen.max) };
		const apart = -width(both);
		const isSet = apart > MIN_STEP + MAX_DRIFT * (receivedAt - this.#comparedAt);
		this.#offset = apart > 0 ? seen : both;
		this.#comparedAt = receivedAt;
		if (!isSet) return 0;
		this.#latest = Number.NEGATIVE_INFINITY;
		return middle(seen) - middle(known);
	}
}

const middle = ({ min, max }: Offset) => (min + max) / 2;
const width = (offset: Offset | undefined) => (offset ? offset.max - offset.min : 0);
