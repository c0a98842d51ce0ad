/** The size of a terminal, in characters. */
export interface Size {
	readonly columns: number;
	readonly rows: number;
}

const TO_LINE_START = '\r';
const ERASE_LINE = '\u001b[K';
const ERASE_BELOW = '\u001b[J';
const up = (lines: number) => (lines === 0 ? '' : `\u001b[${lines}A`);

/**
 * Shows lines at the end of a terminal, and updates them. An update rewrites the lines from the first change on. The
 * cursor stays in the last line. Lines that have scrolled off the top of the terminal cannot be changed any more; if
 * they are outdated, all lines are written once more at the end.
 */
export class Screen {
	readonly #write: (text: string) => void;
	readonly #size: () => Size;
	#drawnAt: Size | undefined;
	/** The lines as they were written, including those that have scrolled off. */
	#shown: string[] = [];
	/** The index of the first line that is certainly on the terminal. */
	#top = 0;

	constructor(write: (text: string) => void, size: () => Size) {
		this.#write = write;
		this.#size = size;
	}

	/** Replaces the lines. None may be wider than the terminal, without counting colours. */
	show(lines: readonly string[]): void {
		const size = this.#size();
		const resized =
			this.#drawnAt !== undefined && (size.rows !== this.#drawnAt.rows || size.columns !== this.#drawnAt.columns);
		// The terminal has wrapped the lines again, at unknown positions.
		if (resized) this.leave();
		this.#drawnAt = size;
		if (this.#shown.length === 0 || lines.length <= this.#top) this.#startAnew(lines, size);
		else this.#rewrite(lines, size);
	}

	/** Shows the final lines, and leaves them on the terminal. */
	finish(lines: readonly string[]): void {
		this.show(lines);
		const isWhole = this.#shown.slice(0, this.#top).every((line, index) => line === lines[index]);
		this.leave();
		if (!isWhole) this.#write(['', ...lines, ''].join('\n'));
	}

	/** Leaves the current lines on the terminal. The next lines are shown below them. */
	leave(): void {
		if (this.#shown.length > 0) this.#write('\n');
		this.#shown = [];
		this.#top = 0;
	}

	#startAnew(lines: readonly string[], { rows }: Size): void {
		// There are so few lines that all of them would be above the terminal, so they replace its content.
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
		// If lines were only removed, the last one is rewritten, so that the cursor is in it.
		from = Math.min(from, lines.length - 1);
		const last = this.#shown.length - 1;
		const move = from <= last ? `${up(last - from)}${TO_LINE_START}` : '\n';
		const text = lines.slice(from).map((line) => `${ERASE_LINE}${line}`);
		this.#write(`${move}${text.join('\n')}${lines.length - 1 < last ? eraseBelow() : ''}`);
		this.#shown = [...this.#shown.slice(0, from), ...lines.slice(from)];
		this.#top = Math.max(this.#top, lines.length - rows);
	}
}

/**
 * Returns a sequence that erases all lines below the cursor. It does not erase the rest of the cursor's line, because a
 * line as wide as the terminal would lose its last character.
 */
function eraseBelow(): string {
	return `\n${TO_LINE_START}${ERASE_BELOW}${up(1)}`;
}
