import type { Reporter, Test, TestResult } from '@jest/reporters';
import { toError } from '../errors.ts';
import { specName } from './artifacts.ts';
import { LogView } from './live/log-view.ts';
import type { ProgressView } from './live/progress-view.ts';
import { hasRoom, rendererFor } from './live/renderer.ts';
import { type Subscription, subscribeLive } from './live/subscribe.ts';
import { isDrawnInPlace, sizeOf } from './live/terminal-kind.ts';
import { TerminalView } from './live/terminal-view.ts';
import type { RecordedScenario } from './recorded.ts';
import { RunResults } from './run-results.ts';

const TICK_MS = 1_000;
/**
 * The largest share of the time that drawing may take. Jest may run the spec in this process, and drawing would delay
 * it.
 */
const MOST_SHARE = 0.1;
const LEAST_PAUSE_MS = 50;

/**
 * The reporter of `npm start`. Shows the question, then the ladder, then the observed answer. In a terminal the ladder
 * is drawn while the scenario runs, elsewhere at its end.
 */
export default class StartReporter implements Reporter {
	#error: Error | undefined;
	#view: ProgressView | undefined;
	#subscription: Subscription | undefined;
	#ticking: NodeJS.Timeout | undefined;
	#due: NodeJS.Timeout | undefined;
	#pauseMs = LEAST_PAUSE_MS;

	async onRunStart(): Promise<void> {
		// Overwrites Jest's message that it determines the test suites to run.
		if (isDrawnInPlace(process.stdout)) process.stdout.write('\r\u001b[K');
		this.#subscription = await subscribeLive(drawsInPlace() ? 'drawings' : 'waits', {
			received: (scenario, message) => {
				this.#view?.received(scenario, message);
				this.#schedule();
			},
			disconnected: (scenario) => {
				this.#view?.disconnected(scenario);
				this.#schedule();
			},
		});
	}

	onTestFileStart(test: Test): void {
		this.#view = drawsInPlace() ? terminalView() : logView();
		if (!drawsInPlace()) process.stderr.write(`${specName(test.path)}: running on two hosts …\n`);
		this.#ticking = setInterval(() => this.#schedule(), TICK_MS).unref();
	}

	async onTestFileResult(_test: Test, result: TestResult): Promise<void> {
		const view = this.#view;
		this.#view = undefined;
		const results = new RunResults();
		let recorded: readonly RecordedScenario[] = [];
		try {
			recorded = await results.take(result);
		} catch (error) {
			this.#keepError(error);
		}
		this.#stopDrawing();
		view?.finish(recorded);
		try {
			if (recorded.length > 0) await results.write();
		} catch (error) {
			this.#keepError(error);
		}
		if (result.failureMessage) process.stderr.write(`${result.failureMessage}\n`);
	}

	onRunComplete(): void {
		this.#stopDrawing();
		this.#subscription?.close();
	}

	getLastError(): Error | undefined {
		return this.#error;
	}

	/** Schedules a drawing, unless one is already scheduled: several messages share it. */
	#schedule(): void {
		if (this.#ticking === undefined) return;
		this.#due ??= setTimeout(() => {
			const began = performance.now();
			this.#due = undefined;
			try {
				this.#view?.draw();
			} catch (error) {
				// At the end, the ladder is still drawn from the recording.
				this.#stopDrawing();
				this.#keepError(error);
			}
			this.#pauseMs = Math.max(LEAST_PAUSE_MS, (performance.now() - began) / MOST_SHARE);
		}, this.#pauseMs).unref();
	}

	/** Prints the error, and keeps it for getLastError(): Jest then fails the run. */
	#keepError(error: unknown): void {
		this.#error = toError(error);
		process.stderr.write(`\n${this.#error.message}\n`);
	}

	#stopDrawing(): void {
		clearInterval(this.#ticking);
		clearTimeout(this.#due);
		this.#ticking = undefined;
		this.#due = undefined;
	}
}

function drawsInPlace(): boolean {
	return isDrawnInPlace(process.stdout) && hasRoom(process.stdout);
}

function terminalView(): TerminalView {
	return new TerminalView({
		write: (text) => process.stdout.write(text),
		size: () => sizeOf(process.stdout),
		renderer: () => rendererFor(process.stdout),
	});
}

function logView(): LogView {
	return new LogView({
		write: (text) => process.stdout.write(text),
		note: (line) => process.stderr.write(`${line}\n`),
		renderer: rendererFor(process.stdout),
	});
}
