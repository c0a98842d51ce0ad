/** For tests: a lab without hosts, whose time passes when it is told to. */

import type { LabClock, Reading } from './engines/engine.ts';
import { type LabContext, Names, SpecActions } from './lab/context.ts';
import { OpenWaits } from './lab/open-waits.ts';
import { Sentinels } from './probes/sentinel.ts';
import { CLIENT, HISTORY_START, SERVER } from './timeline/fixtures.ts';
import { History } from './timeline/history.ts';

/** A clock that stands until it is put forward. */
export class FakeClock implements LabClock {
	readonly source = 'a test';
	readonly precision = 0;
	#now = HISTORY_START;
	readonly #sleepers = new Set<{ until: number; wake: () => void }>();

	now(): number {
		return this.#now;
	}

	/** Sleepers that nobody has woken yet. */
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

	pass(milliseconds: number): void {
		this.#now += milliseconds / 1_000;
		for (const { until, wake } of [...this.#sleepers]) if (until <= this.#now) wake();
	}
}

/** A history that counts who listens to it. */
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
		history: new CountingHistory(HISTORY_START, { client: CLIENT.address, server: SERVER.address }),
		clock,
		virtualTime: false,
		programRemedy: 'Install it.',
		sentinels: new Sentinels(clock, CLIENT.address),
		names: new Names(),
		sysctls: new Set(),
		traced: true,
		pending: new Set(),
		actions: new SpecActions(),
		waits: new OpenWaits(),
		flush: async () => {},
		bootHooks: new Set(),
		onAgentLost: () => {},
		endSignal: new AbortController().signal,
		onEnd: () => {},
	};
}

/** The error that some work ends with; work that does not fail fails the test. */
export async function failureOf(work: Promise<unknown> | (() => unknown)): Promise<Error> {
	try {
		await (typeof work === 'function' ? work() : work);
	} catch (error) {
		if (error instanceof Error) return error;
	}
	throw new Error('It did not fail.');
}

/** Long enough for everything that is already on its way. */
export function settle(): Promise<void> {
	return new Promise((resolve) => setImmediate(() => setImmediate(resolve)));
}
