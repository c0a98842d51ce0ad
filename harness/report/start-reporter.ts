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
 * Drawings take no more than this part of the time: where Jest runs the spec in this process, they would hold it up.
 */
const MOST_SHARE = 0.1;
const LEAST_PAUSE_MS = 50;

/**
 * The reporter behind `npm start`: the question first, then what happens as a ladder, while it happens in a terminal
 * and at the end elsewhere, then the observed answer.
 */
export default class StartReporter implements Reporter {
	#error: Error | undefined;
	#view: ProgressView | undefined;
	#subscription: Subscription | undefined;
	#ticking: NodeJS.Timeout | undefined;
	#due: NodeJS.Timeout | undefined;
	#pauseMs = LEAST_PAUSE_MS;

	async onRunStart(): Promise<void> {
		// Jest has said there that it looks for tests.
		if (isDrawnInPlace(process.stdout)) process.stdout.write('\r\u001b[K');
		this.#subscription = await subscribeLive(drawsInPlace() ? 'drawings' : 'waits', {
			received: (scenario, message) => {
				this.#view?.received(scenario, message);
				this.#plan();
			},
			disconnected: (scenario) => {
				this.#view?.disconnected(scenario);
				this.#plan();
			},
		});
	}

	onTestFileStart(test: Test): void {
		this.#view = drawsInPlace() ? terminalView() : logView();
		if (!drawsInPlace()) process.stderr.write(`${specName(test.path)}: running on two hosts …\n`);
		this.#ticking = setInterval(() => this.#plan(), TICK_MS).unref();
	}

	async onTestFileResult(_test: Test, result: TestResult): Promise<void> {
		const view = this.#view;
		this.#view = undefined;
		const results = new RunResults();
		let recorded: readonly RecordedScenario[] = [];
		try {
			recorded = await results.take(result);
		} catch (error) {
			this.#keep(error);
		}
		this.#stopDrawing();
		view?.finish(recorded);
		try {
			if (recorded.length > 0) await results.keep();
		} catch (error) {
			this.#keep(error);
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

	/** Draws soon; messages until then share one drawing. */
	#plan(): void {
		if (this.#ticking === undefined) return;
		this.#due ??= setTimeout(() => {
			const began = performance.now();
			this.#due = undefined;
			try {
				this.#view?.draw();
			} catch (error) {
				// The end is still shown, from what was recorded.
				this.#stopDrawing();
				this.#keep(error);
			}
			this.#pauseMs = Math.max(LEAST_PAUSE_MS, (performance.now() - began) / MOST_SHARE);
		}, this.#pauseMs).unref();
	}

	/** Jest fails the run where a reporter did. */
	#keep(error: unknown): void {
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
