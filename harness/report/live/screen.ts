/** A terminal’s, in characters. */
export interface Size {
	readonly columns: number;
	readonly rows: number;
}

const TO_LINE_START = '\r';
const ERASE_LINE = '\u001b[K';
const ERASE_BELOW = '\u001b[J';
const up = (lines: number) => (lines === 0 ? '' : `\u001b[${lines}A`);

/**
 * Lines at the end of a terminal that change while they are shown: from the first that differs on they are written
 * anew. The cursor rests in the last of them. What has left the terminal at its top cannot be reached any more; where
 * it has changed, all is shown once more at the end.
 */
export class Screen {
	readonly #write: (text: string) => void;
	readonly #size: () => Size;
	#drawnAt: Size | undefined;
	/** What is on the terminal and above it, as it was written. */
	#shown: string[] = [];
	/** The first of those that is certainly on the terminal. */
	#top = 0;

	constructor(write: (text: string) => void, size: () => Size) {
		this.#write = write;
		this.#size = size;
	}

	/**
	 * Shows these lines in the place of those it showed before. None may be wider than the terminal, colours not counted.
	 */
	show(lines: readonly string[]): void {
		const size = this.#size();
		const resized =
			this.#drawnAt !== undefined && (size.rows !== this.#drawnAt.rows || size.columns !== this.#drawnAt.columns);
		// The terminal has broken the lines anew, nobody knows where.
		if (resized) this.leave();
		this.#drawnAt = size;
		if (this.#shown.length === 0 || lines.length <= this.#top) this.#startAnew(lines, size);
		else this.#rewrite(lines, size);
	}

	/** Shows the last lines, and leaves them. */
	finish(lines: readonly string[]): void {
		this.show(lines);
		const isWhole = this.#shown.slice(0, this.#top).every((line, index) => line === lines[index]);
		this.leave();
		if (!isWhole) this.#write(['', ...lines, ''].join('\n'));
	}

	/** Leaves what is shown where it is; what comes next is below it. */
	leave(): void {
		if (this.#shown.length > 0) this.#write('\n');
		this.#shown = [];
		this.#top = 0;
	}

	#startAnew(lines: readonly string[], { rows }: Size): void {
		// So few that all of them would be above the terminal: what is on it makes place for them.
		const back =
			this.#shown.length === 0 ? '' : `${up(this.#shown.length - 1 - this.#top)}${TO_LINE_START}${ERASE_BELOW}`;
		this.#write(`${back}${lines.join('\n')}`);
		this.#shown = [...lines];
		this.#top = Math.max(0, lines.length - rows);
	}

	#rewrite(lines: readonly string[], { rows }: Size): void {
		let from = this.#top;
		while (from < lines.length && lines[from] === this.#shown[from]) from++;
		if (from === lines.length && from === this.#shown.length) return;
		// Lines that are only fewer: the last that stays is written once more, for the cursor to rest in.
		from = Math.min(from, lines.length - 1);
		const last = this.#shown.length - 1;
		const way = from <= last ? `${up(last - from)}${TO_LINE_START}` : '\n';
		const text = lines.slice(from).map((line) => `${ERASE_LINE}${line}`);
		this.#write(`${way}${text.join('\n')}${lines.length - 1 < last ? belowErased() : ''}`);
		this.#shown = [...this.#shown.slice(0, from), ...lines.slice(from)];
		this.#top = Math.max(this.#top, lines.length - rows);
	}
}

/**
 * Erases all lines below the cursor’s: not what is right of it, for a line that is as wide as the terminal would lose
 * its last character.
 */
function belowErased(): string {
	return `\n${TO_LINE_START}${ERASE_BELOW}${up(1)}`;
}
