import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { Terminal } from './fixtures/terminal.ts';
import { TerminalBlock } from './terminal-block.ts';

/** Writes a block of Jest’s kind: it ends without a new line, and its lines are taken back one by one. */
const JESTS = { drawn: '\nRUNS  one\n\nTests: 0', erased: '\r\u001b[K\r\u001b[1A'.repeat(3) };

describe('a block below another one', () => {
	test('leaves nothing of itself and of what is above it where both are taken back', () => {
		fc.assert(
			fc.property(
				fc.array(fc.array(fc.constantFrom('a', 'bb', 'ccc'), { maxLength: 5 }), { minLength: 1, maxLength: 6 }),
				fc.array(fc.constantFrom('x', 'xyz'), { maxLength: 12 }),
				(times, before) => {
					const terminal = new Terminal({ columns: 10, rows: 10 }, before);
					const block = new TerminalBlock();
					for (const lines of times) {
						terminal.write(block.erased() + JESTS.erased.repeat(lines === times[0] ? 0 : 1));
						terminal.write(JESTS.drawn + block.drawn(lines));
						const shown = ['', 'RUNS  one', '', 'Tests: 0', ...lines];
						expect(terminal.screen.slice(0, terminal.row + 1).slice(-shown.length)).toEqual(shown);
					}
					terminal.write(block.erased() + JESTS.erased);
					expect(terminal.all.filter(Boolean)).toEqual(before);
				},
			),
		);
	});
});
