import { specName } from '../artifacts.ts';
import type { LiveListener } from './listen.ts';
import type { Began, LiveMessage } from './messages.ts';

/** Something that a scenario waits for. */
export interface OpenWait {
	/** What tells it from all other waits of the run. */
	readonly key: string;
	/** `puzzlers/power-off › the peer never comes back` */
	readonly where: string;
	readonly what: string;
	readonly limitMs: number | undefined;
	/** How long it has been waited for. */
	readonly waitedMs: number;
}

interface Wait {
	readonly what: string;
	readonly limitMs: number | undefined;
	/** By `now`. */
	readonly since: number;
}

interface Scenario {
	readonly began: Began;
	readonly waits: Map<number, Wait>;
}

/** The scenarios that run, and what they wait for. */
export class Running implements LiveListener {
	readonly #scenarios = new Map<number, Scenario>();
	readonly #now: () => number;

	/** `now` in ms. */
	constructor(now: () => number = () => performance.now()) {
		this.#now = now;
	}

	told(scenario: number, message: LiveMessage): void {
		if (message.kind === 'began') {
			this.#scenarios.set(scenario, { began: message, waits: new Map() });
			return;
		}
		const waits = this.#scenarios.get(scenario)?.waits;
		if (message.kind === 'waits') waits?.set(message.wait, { what: message.what, limitMs: message.limitMs, since: this.#now() });
		if (message.kind === 'waited') waits?.delete(message.wait);
	}

	gone(scenario: number): void {
		this.#scenarios.delete(scenario);
	}

	/** What a scenario has waited for longest. */
	longestOf(scenario: number): OpenWait | undefined {
		const { began, waits } = this.#scenarios.get(scenario) ?? {};
		// In the order in which they began.
		const [entry] = waits ?? [];
		if (began === undefined || entry === undefined) return undefined;
		const [number, { what, limitMs, since }] = entry;
		const where = `${specName(began.spec)} › ${began.scenario}`;
		return { key: `${scenario}/${number}`, where, what, limitMs, waitedMs: this.#now() - since };
	}

	/** One wait of each scenario that waits, the longest first. */
	longest(): OpenWait[] {
		const waits = [...this.#scenarios.keys()].map((scenario) => this.longestOf(scenario)).filter((wait) => wait !== undefined);
		return waits.sort((a, b) => b.waitedMs - a.waitedMs);
	}
}
