import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { Terminal } from './fixtures/terminal.ts';
import { Screen } from './screen.ts';

const size = fc.record({ columns: fc.integer({ min: 3, max: 9 }), rows: fc.integer({ min: 2, max: 8 }) });
/** Few different lines, so that many stay the same from one time to the next; some are as wide as the terminal. */
const linesOf = (columns: number) =>
	fc.array(fc.constantFrom('', 'a', 'bb', 'c'.repeat(columns), `d${' '.repeat(columns - 2)}d`), { maxLength: 16 });
const series = size.chain((of) =>
	fc.record({
		of: fc.constant(of),
		before: fc.array(fc.constantFrom('x', 'xyz'), { maxLength: of.rows + 2 }),
		updates: fc.array(linesOf(of.columns), { minLength: 1, maxLength: 12 }),
	}),
);

function screenOn(terminal: Terminal): Screen {
	return new Screen(
		(text) => terminal.write(text),
		() => terminal,
	);
}

/** What the lines look like on a terminal. */
const seen = (lines: readonly string[]) => lines.map((line) => line.trimEnd());

describe('lines that change while they are shown', () => {
	test('are the end of the last ones down to the cursor, and nothing is below', () => {
		fc.assert(
			fc.property(series, ({ of, before, updates }) => {
				const terminal = new Terminal(of, before);
				const screen = screenOn(terminal);
				for (const lines of updates) {
					screen.show(lines);
					const visible = Math.min(lines.length, terminal.row + 1);
					const upToCursor = terminal.screen.slice(terminal.row + 1 - visible, terminal.row + 1);
					expect(upToCursor).toEqual(seen(lines.slice(lines.length - visible)));
					expect(terminal.screen.slice(terminal.row + 1).join('')).toBe('');
				}
			}),
			{ numRuns: 500 },
		);
	});

	test('fill the terminal when they only grow', () => {
		fc.assert(
			fc.property(series, ({ of, before, updates }) => {
				const terminal = new Terminal(of, before);
				const screen = screenOn(terminal);
				for (const lines of [...updates].sort((a, b) => a.length - b.length)) {
					screen.show(lines);
					const visible = Math.min(lines.length, of.rows);
					if (visible > 0)
						expect(terminal.screen.slice(0, terminal.row + 1).slice(-visible)).toEqual(seen(lines.slice(-visible)));
				}
			}),
		);
	});

	test('touch nothing that stood above them', () => {
		fc.assert(
			fc.property(series, ({ of, before, updates }) => {
				const terminal = new Terminal(of, before);
				const screen = screenOn(terminal);
				for (const lines of updates) screen.show(lines);
				expect(terminal.all.slice(0, before.length)).toEqual(before);
			}),
		);
	});

	test('are all there at the end, as they were last, and the cursor is below', () => {
		fc.assert(
			fc.property(series, ({ of, before, updates }) => {
				const terminal = new Terminal(of, before);
				const screen = screenOn(terminal);
				for (const lines of updates) screen.show(lines);
				const last = [...(updates.at(-1) ?? []), 'end'];
				screen.finish(last);
				terminal.write('>');
				const all = terminal.all;
				const cursor = all.lastIndexOf('>');
				expect(all.slice(cursor - last.length, cursor)).toEqual(seen(last));
				expect(all.slice(cursor + 1).join('')).toBe('');
			}),
			{ numRuns: 500 },
		);
	});
});

describe('what is written', () => {
	const shown = (rows: number) => {
		const written: string[] = [];
		const screen = new Screen(
			(text) => written.push(text),
			() => ({ columns: 20, rows }),
		);
		return { written, screen };
	};

	test('is only what changed: from the first line that differs', () => {
		const { written, screen } = shown(10);
		screen.show(['one', 'two', 'three']);
		screen.show(['one', 'two', 'THREE', 'four']);
		expect(written).toEqual(['one\ntwo\nthree', '\r\u001b[KTHREE\n\u001b[Kfour']);
	});

	test('is nothing where nothing changed', () => {
		const { written, screen } = shown(10);
		screen.show(['one', 'two']);
		screen.show(['one', 'two']);
		expect(written).toHaveLength(1);
	});

	test('is not said twice at the end where what left the terminal is right', () => {
		const terminal = new Terminal({ columns: 20, rows: 3 });
		const screen = screenOn(terminal);
		screen.show(['one', 'two', 'three', 'four', 'five']);
		screen.finish(['one', 'two', 'three', 'four', 'FIVE', 'six']);
		expect(terminal.all).toEqual(['one', 'two', 'three', 'four', 'FIVE', 'six', '']);
	});

	test('is all of it once more at the end where something has changed that left the terminal', () => {
		const terminal = new Terminal({ columns: 20, rows: 3 });
		const screen = screenOn(terminal);
		screen.show(['one', 'two', 'three', 'four', 'five']);
		screen.finish(['ONE', 'two', 'three', 'four', 'five']);
		expect(terminal.all.slice(-7)).toEqual(['', 'ONE', 'two', 'three', 'four', 'five', '']);
	});

	test('is all of it, below, when the terminal has another size', () => {
		const written: string[] = [];
		let columns = 20;
		const screen = new Screen(
			(text) => written.push(text),
			() => ({ columns, rows: 10 }),
		);
		screen.show(['one', 'two']);
		columns = 30;
		screen.show(['one', 'two']);
		expect(written).toEqual(['one\ntwo', '\n', 'one\ntwo']);
	});
});
