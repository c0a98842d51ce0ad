import { setTimeout as wait } from 'node:timers/promises';
import type { LabClock, Reading } from './engine.ts';

/** How often a host is asked at first: the quickest answers tell most. */
const INITIAL_ROUNDS = 5;
/** Two clocks that nobody sets part by no more: each may be slewed by 500 ppm (MAXFREQ, include/linux/timex.h). */
const MAX_DRIFT = 0.001;
/** What no answer is that quick for, in seconds: less is no sign that a clock was set. */
const MIN_STEP = 0.001;

/**
 * By how much the hosts' clock is ahead of this process's monotonic one, in seconds: no less than one, no more than the
 * other.
 */
interface Offset {
	readonly min: number;
	readonly max: number;
}

/**
 * The wall clock of the machine that the hosts are on, which need not be this one (DOCKER_HOST). It is this process's
 * monotonic clock and a lead; this machine's own wall clock is never asked.
 *
 * A host that is asked reads its clock between question and answer, so each round trip says what the lead is at least
 * and at most (as NTP does: RFC 5905, 8). What all of them allow is kept, and its middle is taken. So it is wrong by
 * half of the shortest round trip at most, until the clocks have drifted apart; then what the latest says is taken
 * alone.
 */
export class RealClock implements LabClock {
	readonly source =
		'CLOCK_REALTIME of the hosts’ machine: asked of a host at each boot and each flush, and counted on by the ' +
		'harness’s monotonic clock';
	readonly #monotonic: () => number;
	#offset: Offset | undefined;
	#comparedAt = 0;
	#precision = 0;
	#latest = Number.NEGATIVE_INFINITY;

	/** `monotonic`: seconds since any moment. */
	constructor(monotonic = () => performance.now() / 1_000) {
		this.#monotonic = monotonic;
	}

	get precision(): number {
		return this.#precision;
	}

	/** Does not go back, unless the hosts' clock was set. */
	now(): number {
		if (!this.#offset) throw new Error('the lab’s clock was asked for the time before any host was');
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

	/** Returns by how much the hosts' clock was set. */
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
