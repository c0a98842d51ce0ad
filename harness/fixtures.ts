/** For tests: a lab without hosts. Its clock advances only when the test says so. */

import type { LabClock, Reading } from './engines/engine.ts';
import { type LabContext, Names, SpecActions } from './lab/context.ts';
import { OpenWaits } from './lab/open-waits.ts';
import { Sentinels } from './probes/sentinel.ts';
import { CLIENT, HISTORY_START, SERVER } from './timeline/fixtures.ts';
import { History } from './timeline/history.ts';

/** A clock that advances only by `pass`. */
export class FakeClock implements LabClock {
	readonly source = 'a test';
	readonly precision = 0;
	#now = HISTORY_START;
	readonly #sleepers = new Set<{ until: number; wake: () => void }>();

	now(): number {
		return this.#now;
	}

	/** The number of sleeps that have not ended yet. */
	get sleeping(): number {
		return this.#sleepers.size;
	}

	sleep(milliseconds: number, signal: AbortSignal): Promise<void> {
		return new Promise((resolve) => {
			const sleeper = {
				until: this.#now + milliseconds / 1_000,
				wake: () => {
					this.#sleepers.delete(sleeper);
					resolve();
				},
			};
			this.#sleepers.add(sleeper);
			signal.addEventListener('abort', sleeper.wake);
		});
	}

	async calibrate(): Promise<Reading> {
		return { t: this.#now, setBy: 0 };
	}

	/** Advances the clock and ends the sleeps that are due. */
	pass(milliseconds: number): void {
		this.#now += milliseconds / 1_000;
		for (const { until, wake } of [...this.#sleepers]) if (until <= this.#now) wake();
	}
}

/** A history that counts its listeners. */
export class CountingHistory extends History {
	listeners = 0;

	override onChange(listener: () => void): () => void {
		this.listeners++;
		const off = super.onChange(listener);
		return () => {
			this.listeners--;
			off();
		};
	}
}

export interface FakeContext extends LabContext {
	readonly history: CountingHistory;
	readonly clock: FakeClock;
}

export function fakeContext(): FakeContext {
	const clock = new FakeClock();
	return {
		history: new CountingHistory(HISTORY_START, { client: [CLIENT.address], server: [SERVER.address] }),
		clock,
		virtualTime: false,
		programRemedy: 'Install it.',
		sentinels: new Sentinels(clock, CLIENT.address),
		names: new Names(),
		ipVersions: ['ipv4'],
		sysctls: new Set(),
		traced: true,
		pending: new Set(),
		actions: new SpecActions(),
		waits: new OpenWaits(),
		flush: async () => {},
		onAgentLost: () => {},
		endSignal: new AbortController().signal,
		onEnd: () => {},
	};
}

/** Returns the error with which the work fails. Throws if the work does not fail. */
export async function failureOf(work: Promise<unknown> | (() => unknown)): Promise<Error> {
	try {
		await (typeof work === 'function' ? work() : work);
	} catch (error) {
		if (error instanceof Error) return error;
	}
	throw new Error('It did not fail.');
}

/** Resolves when all promise callbacks and immediates that are already scheduled have run. */
export function settle(): Promise<void> {
	return new Promise((resolve) => setImmediate(() => setImmediate(resolve)));
}
