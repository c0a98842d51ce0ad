import type { Reporter } from '@jest/reporters';
import { OverdueWaits } from './overdue-waits.ts';
import { RunningScenarios } from './running-scenarios.ts';
import { type Subscription, subscribeLive } from './subscribe.ts';
import { waitLine } from './wait-lines.ts';

const CHECK_EVERY_MS = 1_000;

/**
 * Prints a line for each wait that lasts long. It stands beside Jest's reporter `default`, which keeps its own block
 * below such lines in a terminal.
 */
export default class WaitReporter implements Reporter {
	readonly #overdue = new OverdueWaits();
	readonly #running = new RunningScenarios();
	#subscription: Subscription | undefined;
	#checking: NodeJS.Timeout | undefined;

	async onRunStart(): Promise<void> {
		this.#subscription = await subscribeLive('waits', this.#running);
		if (this.#subscription) this.#checking = setInterval(() => this.#print(), CHECK_EVERY_MS).unref();
	}

	onRunComplete(): void {
		clearInterval(this.#checking);
		this.#subscription?.close();
	}

	#print(): void {
		// In a log, lines may have any length.
		const width = process.stderr.columns ?? Number.POSITIVE_INFINITY;
		for (const wait of this.#overdue.due(this.#running.longest())) process.stderr.write(`${waitLine(wait, width)}\n`);
	}
}
