import { setTimeout as wait } from 'node:timers/promises';
import type { LabClock, Reading } from './engine.ts';

/** How often a host is asked at first: the quickest answers tell most. */
const FIRST_ROUNDS = 5;
/** Two clocks that nobody sets part by no more: each may be slewed by 500 ppm (MAXFREQ, include/linux/timex.h). */
const MOST_DRIFT = 0.001;
/** What no answer is that quick for, in seconds: less is no sign that a clock was set. */
const LEAST_STEP = 0.001;

/**
 * By how much the hosts' clock is ahead of this process's monotonic one, in seconds: no less than one, no more than the
 * other.
 */
interface Lead {
	readonly least: number;
	readonly most: number;
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
	#lead: Lead | undefined;
	#askedAt = 0;
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
		if (!this.#lead) throw new Error('the lab’s clock was asked for the time before any host was');
		this.#latest = Math.max(this.#latest, this.#monotonic() + middle(this.#lead));
		return this.#latest;
	}

	async sleep(milliseconds: number, signal: AbortSignal): Promise<void> {
		await wait(milliseconds, undefined, { signal }).catch(() => {});
	}

	async calibrate(ask: () => Promise<number>): Promise<Reading> {
		const isFirst = this.#lead === undefined;
		let [t, setBy] = [0, 0];
		for (let rounds = isFirst ? FIRST_ROUNDS : 1; rounds > 0; rounds--) {
			const asked = this.#monotonic();
			t = await ask();
			const answered = this.#monotonic();
			setBy += this.#compare({ least: t - answered, most: t - asked }, answered);
		}
		const known = width(this.#lead) / 2;
		this.#precision = isFirst ? known : Math.max(this.#precision, known);
		return { t, setBy };
	}

	/** Returns by how much the hosts' clock was set. */
	#compare(seen: Lead, answered: number): number {
		const known = this.#lead ?? seen;
		const both = { least: Math.max(known.least, seen.least), most: Math.min(known.most, seen.most) };
		const apart = -width(both);
		const isSet = apart > LEAST_STEP + MOST_DRIFT * (answered - this.#askedAt);
		this.#lead = apart > 0 ? seen : both;
		this.#askedAt = answered;
		if (!isSet) return 0;
		this.#latest = Number.NEGATIVE_INFINITY;
		return middle(seen) - middle(known);
	}
}

const middle = ({ least, most }: Lead) => (least + most) / 2;
const width = (lead: Lead | undefined) => (lead ? lead.most - lead.least : 0);
