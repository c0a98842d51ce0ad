import { stripVTControlCharacters } from 'node:util';

const quietSecondsBetweenLines = 10;

/** Prints a line. */
export function say(line: string): void {
	process.stdout.write(`${line}\n`);
}

/** Shows the progress of a step. */
export interface StepProgress {
	/** A milestone, which stays on the screen. */
	line(text: string): void;
	/** The current activity, shown with the elapsed seconds and then overwritten. */
	busy(text: string): void;
}

/**
 * Prints the title of a step, does the work, and prints how long it took. Shows the elapsed seconds during the work, on
 * a terminal and in a log.
 */
export async function step<T>(title: string, work: (progress: StepProgress) => Promise<T>): Promise<T> {
	say(`* ${title}`);
	const display = process.stdout.isTTY ? new TerminalDisplay() : new LogDisplay();
	try {
		const result = await work(display);
		display.end(`  done in ${display.elapsed()} s`);
		return result;
	} catch (error) {
		display.end(`  failed after ${display.elapsed()} s`);
		throw error;
	}
}

abstract class Display implements StepProgress {
	readonly #started = performance.now();

	abstract line(text: string): void;
	abstract busy(text: string): void;
	abstract end(text: string): void;

	elapsed(): number {
		return Math.round((performance.now() - this.#started) / 1000);
	}
}

/** Rewrites one status line every second. */
class TerminalDisplay extends Display {
	#now = '';
	readonly #timer = setInterval(() => this.#draw(), 1000);

	line(text: string): void {
		this.#clear();
		say(`  ${text}`);
		this.#draw();
	}

	busy(text: string): void {
		this.#now = lastLineOf(text);
		this.#draw();
	}

	end(text: string): void {
		clearInterval(this.#timer);
		this.#clear();
		say(text);
	}

	#draw(): void {
		this.#clear();
		process.stdout.write(`  ${this.elapsed()} s ${this.#now}`.slice(0, (process.stdout.columns || 80) - 1));
	}

	#clear(): void {
		process.stdout.write('\r\x1b[K');
	}
}

/** Writes only whole lines, and one at least every ten seconds. */
class LogDisplay extends Display {
	#now = '';
	readonly #timer = setInterval(() => say(`  ... ${this.elapsed()} s ${this.#now}`), quietSecondsBetweenLines * 1000);

	line(text: string): void {
		say(`  ${text}`);
		this.#timer.refresh();
	}

	busy(text: string): void {
		this.#now = lastLineOf(text);
	}

	end(text: string): void {
		clearInterval(this.#timer);
		say(text);
	}
}

function lastLineOf(text: string): string {
	return (
		stripVTControlCharacters(text)
			.trim()
			.split(/[\r\n]+/)
			.at(-1) ?? ''
	);
}
