import { specName } from '../artifacts.ts';
import type { Began, LiveMessage } from './messages.ts';
import type { LiveSubscriber } from './subscribe.ts';

/** Something that a scenario waits for. */
export interface OpenWait {
	/** Identifies it among all waits of the run. */
	readonly key: string;
	/** `puzzlers/power-off › the peer never comes back` */
	readonly where: string;
	readonly what: string;
	readonly limitMs: number | undefined;
	/** How long it has lasted by the lab's clock, which its limit also uses. */
	readonly waitedMs: number;
	/** How long it has lasted by the reader's clock. */
	readonly shownMs: number;
}

interface Wait {
	readonly what: string;
	readonly limitMs: number | undefined;
	/** By the lab's clock, if that is not the reader's. */
	readonly since: number | undefined;
	/** By the reader's clock. */
	readonly receivedAt: number;
}

interface Scenario {
	readonly began: Began;
	readonly waits: Map<number, Wait>;
	/** What the lab's clock showed last. */
	clock: number;
}

/** The scenarios that run, and what they wait for. */
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

	/** The longest open wait of a scenario. */
	longestOf(scenario: number): OpenWait | undefined {
		const running = this.#scenarios.get(scenario);
		// In the order in which they began.
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

	/** One wait of each scenario that waits, the longest first. */
	longest(): OpenWait[] {
		const waits = [...this.#scenarios.keys()]
			.map((scenario) => this.longestOf(scenario))
			.filter((wait) => wait !== undefined);
		return waits.sort((a, b) => b.shownMs - a.shownMs);
	}
}
