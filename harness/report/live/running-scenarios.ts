import { specName } from '../artifacts.ts';
import type { Began, LiveMessage } from './messages.ts';
import type { LiveSubscriber } from './subscribe.ts';

/** A wait of a running scenario, as views show it. */
export interface LiveWait {
	/** Identifies it among all waits of the run. */
	readonly key: string;
	/** The spec and the scenario: `puzzlers/power-off › the peer never comes back`. */
	readonly where: string;
	readonly what: string;
	readonly limitMs: number | undefined;
	/** Its duration so far by the lab's clock, like its limit. */
	readonly waitedMs: number;
	/** Its duration so far by the reader's clock. */
	readonly shownMs: number;
}

/** A wait as it was published. */
interface ReceivedWait {
	readonly what: string;
	readonly limitMs: number | undefined;
	/** Its beginning by the lab's clock, if that is not the reader's. */
	readonly since: number | undefined;
	/** Its beginning by the reader's clock. */
	readonly receivedAt: number;
}

interface Scenario {
	readonly began: Began;
	readonly waits: Map<number, ReceivedWait>;
	/** The last known time of the lab's clock. */
	clock: number;
}

/** Tracks the running scenarios and their waits. */
export class RunningScenarios implements LiveSubscriber {
	readonly #scenarios = new Map<number, Scenario>();
	readonly #now: () => number;

	/** `now` is the reader's clock, in ms. */
	constructor(now: () => number = () => performance.now()) {
		this.#now = now;
	}

	received(scenario: number, message: LiveMessage): void {
		if (message.kind === 'began') {
			this.#scenarios.set(scenario, { began: message, waits: new Map(), clock: 0 });
			return;
		}
		const running = this.#scenarios.get(scenario);
		if (running === undefined) return;
		if ('now' in message) running.clock = message.now ?? running.clock;
		if (message.kind === 'waits') {
			const { wait, what, limitMs, now } = message;
			running.waits.set(wait, { what, limitMs, since: now, receivedAt: this.#now() });
		}
		if (message.kind === 'waited') running.waits.delete(message.wait);
	}

	disconnected(scenario: number): void {
		this.#scenarios.delete(scenario);
	}

	/** Returns the longest current wait of a scenario. */
	longestOf(scenario: number): LiveWait | undefined {
		const running = this.#scenarios.get(scenario);
		// Waits are in the order of their beginnings.
		const [entry] = running?.waits ?? [];
		if (running === undefined || entry === undefined) return undefined;
		const { began, clock } = running;
		const [number, { what, limitMs, since, receivedAt }] = entry;
		const where = `${specName(began.spec)} › ${began.scenario}`;
		const shownMs = this.#now() - receivedAt;
		return {
			key: `${scenario}/${number}`,
			where,
			what,
			limitMs,
			waitedMs: since === undefined ? shownMs : clock - since,
			shownMs,
		};
	}

	/** Returns the longest current wait of each scenario, the longest of all first. */
	longest(): LiveWait[] {
		const waits = [...this.#scenarios.keys()]
			.map((scenario) => this.longestOf(scenario))
			.filter((wait) => wait !== undefined);
		return waits.sort((a, b) => b.shownMs - a.shownMs);
	}
}
