import { countClaims, mergeVerdicts, type VerdictRow } from '../claims/verdicts.ts';
import type { Paint } from './colours.ts';
import { wrap } from './text-format.ts';
import { verdictTable } from './verdict-table.ts';

/** The table at the end of a run: its own verdicts, and how much of the catalogue is covered by all runs so far. */
export function claimsTable(
	fresh: readonly VerdictRow[],
	all: readonly VerdictRow[],
	width: number,
	paint: Paint,
): string[] {
	const rows = mergeVerdicts(fresh);
	const inRun = countClaims(rows);
	const inAll = countClaims(all);
	const summary =
		`This run: ${inRun.holds} hold, ${inRun.differs} differ. In all: ${inAll.holds} hold, ${inAll.differs} differ, ` +
		`${inAll.notCovered} not covered.`;
	return [
		paint('title', 'Claims'),
		...verdictTable(rows, width, paint),
		'',
		...wrap(summary, width - 2).map((line) => `  ${line}`),
	];
}
