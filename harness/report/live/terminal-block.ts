/** Goes to the beginning of the line, empties it, and goes one up. */
const ERASE_AND_UP = '\r\u001b[K\u001b[1A';

/**
 * Lines below what a terminal shows already, which can be taken back: written from the end of its last line, and erased
 * to there.
 */
export class TerminalBlock {
	#height = 0;

	/** What erases it; the cursor is in the last line above it then. */
	erased(): string {
		const erase = ERASE_AND_UP.repeat(this.#height);
		this.#height = 0;
		return erase;
	}

	/** What draws these lines, each shorter than the terminal is wide. */
	drawn(lines: readonly string[]): string {
		this.#height = lines.length;
		return lines.map((line) => `\n${line}`).join('');
	}
}
