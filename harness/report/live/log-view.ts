import type { RecordedScenario } from '../recorded.ts';
import type { LiveMessage } from './messages.ts';
import { OverdueWaits } from './overdue-waits.ts';
import type { ProgressView } from './progress-view.ts';
import { questionLines } from './question-lines.ts';
import { filesIn, type Renderer } from './renderer.ts';
import { RunningScenarios } from './running-scenarios.ts';
import { waitLine } from './wait-lines.ts';

/** The options of a log view. */
export interface LogViewOptions {
	/** Writes questions and ladders. */
	readonly write: (text: string) => void;
	/** Writes a line about progress. */
	readonly note: (line: string) => void;
	readonly renderer: Renderer;
	/** The reader's clock, in ms. */
	readonly now?: () => number;
}

/**
 * Shows the scenarios of one file on a stream that cannot be redrawn. Writes each question when its scenario begins,
 * and all ladders at the end of the file.
 */
export class LogView implements ProgressView {
	readonly #running: RunningScenarios;
	readonly #overdue = new OverdueWaits();
	readonly #asked = new Set<string>();
	readonly #options: LogViewOptions;

	constructor(options: LogViewOptions) {
		this.#options = options;
		this.#running = new RunningScenarios(options.now);
	}

	received(scenario: number, message: LiveMessage): void {
		this.#running.received(scenario, message);
		if (message.kind !== 'began' || message.question === undefined) return;
		const { write, renderer } = this.#options;
		this.#asked.add(message.scenario);
		write(`\n${questionLines(message, renderer.width, renderer.paint).join('\n')}\n\n`);
	}

	disconnected(scenario: number): void {
		this.#running.disconnected(scenario);
	}

	draw(): void {
		for (const wait of this.#overdue.due(this.#running.longest()))
			this.#options.note(waitLine(wait, Number.POSITIVE_INFINITY));
	}

	finish(recorded: readonly RecordedScenario[]): void {
		const { write, renderer } = this.#options;
		for (const { timeline, folder } of recorded) {
			const { question: _asked, ...rest } = timeline;
			const lines = renderer.ladder(this.#asked.has(timeline.scenario) ? rest : timeline);
			write(['', ...lines, ...filesIn(folder)].join('\n'));
		}
	}
}
