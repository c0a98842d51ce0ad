import { countClaims, mergeVerdicts, type VerdictRow } from '../claims/verdicts.ts';
import type { Paint } from './colours.ts';
import { wrap } from './text-format.ts';
import { verdictTable } from './verdict-table.ts';

/**
 * Returns the table at the end of a run: the verdicts of this run, and how many claims of the catalogue all runs so far
 * cover.
 */
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
