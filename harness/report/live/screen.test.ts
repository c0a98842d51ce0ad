import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { Terminal } from './fixtures/terminal.ts';
import { Screen } from './screen.ts';

const size = fc.record({ columns: fc.integer({ min: 3, max: 9 }), rows: fc.integer({ min: 2, max: 8 }) });
/** Only a few different lines, so that many stay the same in an update. Some are as wide as the terminal. */
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

/** Returns the lines as a terminal shows them. */
const seen = (lines: readonly string[]) => lines.map((line) => line.trimEnd());

describe('updated lines', () => {
	test('are shown down to the cursor, and nothing is below', () => {
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

	test('fill the terminal if their number only grows', () => {
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

	test('do not change the lines above them', () => {
		fc.assert(
			fc.property(series, ({ of, before, updates }) => {
				const terminal = new Terminal(of, before);
				const screen = screenOn(terminal);
				for (const lines of updates) screen.show(lines);
				expect(terminal.all.slice(0, before.length)).toEqual(before);
			}),
		);
	});

	test('are all complete at the end, and the cursor is below', () => {
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

describe('the output', () => {
	const shown = (rows: number) => {
		const written: string[] = [];
		const screen = new Screen(
			(text) => written.push(text),
			() => ({ columns: 20, rows }),
		);
		return { written, screen };
	};

	test('begins with the first line that differs', () => {
		const { written, screen } = shown(10);
		screen.show(['one', 'two', 'three']);
		screen.show(['one', 'two', 'THREE', 'four']);
		expect(written).toEqual(['one\ntwo\nthree', '\r\u001b[KTHREE\n\u001b[Kfour']);
	});

	test('is empty if nothing changed', () => {
		const { written, screen } = shown(10);
		screen.show(['one', 'two']);
		screen.show(['one', 'two']);
		expect(written).toHaveLength(1);
	});

	test('is not repeated at the end if the lines that scrolled off are still correct', () => {
		const terminal = new Terminal({ columns: 20, rows: 3 });
		const screen = screenOn(terminal);
		screen.show(['one', 'two', 'three', 'four', 'five']);
		screen.finish(['one', 'two', 'three', 'four', 'FIVE', 'six']);
		expect(terminal.all).toEqual(['one', 'two', 'three', 'four', 'FIVE', 'six', '']);
	});

	test('is repeated at the end if a line that scrolled off has changed', () => {
		const terminal = new Terminal({ columns: 20, rows: 3 });
		const screen = screenOn(terminal);
		screen.show(['one', 'two', 'three', 'four', 'five']);
		screen.finish(['ONE', 'two', 'three', 'four', 'five']);
		expect(terminal.all.slice(-7)).toEqual(['', 'ONE', 'two', 'three', 'four', 'five', '']);
	});

	test('is repeated below if the size of the terminal has changed', () => {
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
