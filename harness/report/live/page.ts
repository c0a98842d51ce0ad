import type { Recorded } from '../recorded.ts';
import { filesIn, type Pens } from './drawing.ts';
import type { LiveMessage } from './messages.ts';
import { Overdue } from './overdue.ts';
import { preface } from './preface.ts';
import { Running } from './running.ts';
import type { Storyteller } from './storyteller.ts';
import { waitLine } from './wait-lines.ts';

/** What a page is written with. */
export interface Writing {
	/** What the reader came for. */
	readonly write: (text: string) => void;
	/** What passes meanwhile. */
	readonly note: (line: string) => void;
	readonly pens: Pens;
	/** In ms. */
	readonly now?: () => number;
}

/** The scenarios of one file where nothing that was written can be taken back: the questions first, and each ladder when all is over. */
export class Page implements Storyteller {
	readonly #running: Running;
	readonly #overdue = new Overdue();
	readonly #asked = new Set<string>();
	readonly #writing: Writing;

	constructor(writing: Writing) {
		this.#writing = writing;
		this.#running = new Running(writing.now);
	}

	told(scenario: number, message: LiveMessage): void {
		this.#running.told(scenario, message);
		if (message.kind !== 'began' || message.question === undefined) return;
		const { write, pens } = this.#writing;
		this.#asked.add(message.scenario);
		write(`\n${preface(message, pens.width, pens.paint).join('\n')}\n\n`);
	}

	gone(scenario: number): void {
		this.#running.gone(scenario);
	}

	draw(): void {
		for (const wait of this.#overdue.among(this.#running.longest())) this.#writing.note(waitLine(wait, Number.POSITIVE_INFINITY));
	}

	finish(recorded: readonly Recorded[]): void {
		const { write, pens } = this.#writing;
		for (const { timeline, folder } of recorded) {
			const { question: _asked, ...rest } = timeline;
			const lines = pens.ladder(this.#asked.has(timeline.scenario) ? rest : timeline);
			write(['', ...lines, ...filesIn(folder)].join('\n'));
		}
	}
}
