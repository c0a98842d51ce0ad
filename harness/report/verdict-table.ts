import type { Verdict } from '../timeline/timeline-file.ts';
import type { Paint } from './colours.ts';
import { cut, printable, wrap } from './text-format.ts';

const LONGEST_ID = 20;
const VERDICT_WIDTH = 'differs'.length;
const INDENT = 2;
const GAP = '  ';

/** Returns a table of at most this width: id, verdict, and the note, which is wrapped in its column. */
export function verdictTable(verdicts: readonly Verdict[], width: number, paint: Paint): string[] {
	const rows = verdicts.map(({ id, verdict, note }) => ({
		id: cut(printable(id), LONGEST_ID),
		verdict,
		note: printable(note),
	}));
	const ids = Math.max(0, ...rows.map(({ id }) => id.length));
	const indent = INDENT + ids + VERDICT_WIDTH + 2 * GAP.length;
	return rows.flatMap(({ id, verdict, note }) =>
		wrap(note, width - indent).map((line, index) => {
			if (index > 0) return `${' '.repeat(indent)}${line}`;
			const painted = `${paint(verdict, verdict)}${' '.repeat(VERDICT_WIDTH - verdict.length)}`;
			return `${' '.repeat(INDENT)}${[id.padEnd(ids), painted, line].join(GAP)}`.trimEnd();
		}),
	);
}
