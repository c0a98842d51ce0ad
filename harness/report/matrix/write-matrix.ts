import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { HalfopenError } from '../../errors.ts';
import { PROJECT_ROOT } from '../../util/project-root.ts';
import { replaceFiles } from '../../util/replace-files.ts';
import { fromProjectRoot } from '../artifacts.ts';
import { printable } from '../text-format.ts';
import { writeReports } from '../write-reports.ts';
import { changeSentence, explanationsIn, headline, troubleSentences } from './captions.ts';
import type { Trouble } from './columns.ts';
import { renderMarkdown } from './markdown.ts';
import { comparisonsOf, type Matrix, matrixOf, onlyWhole } from './model.ts';
import { readOtherReports } from './other-reports.ts';

/** The matrix that was written, and the same without the columns in part. */
export interface WrittenMatrix {
	readonly matrix: Matrix;
	readonly whole: Matrix;
}

/**
 * Writes `matrix.md` and the page in the project’s `reports`, with the results there and in other folders. Throws
 * RESULTS_MISSING if there are no results anywhere, and leaves the previous `matrix.md`.
 */
export async function writeMatrix(
	folders: readonly string[],
	troubles: readonly Trouble[] = [],
	project: string = PROJECT_ROOT,
): Promise<WrittenMatrix> {
	const reports = join(project, 'reports');
	const others = await readOtherReports(folders);
	await mkdir(reports, { recursive: true });
	const { input } = await writeReports(reports, { ...others, troubles: [...troubles, ...others.troubles] }, project);
	const matrix = matrixOf(input);
	if (matrix.columns.length === 0) {
		throw new HalfopenError('RESULTS_MISSING', {
			problem: 'No run has a verdict on a claim, so no matrix was written.',
			seen: [fromProjectRoot(reports), ...folders].join('\n'),
			remedy: 'Run `npm test` first, or give the folder of reports of a run with verdicts.',
		});
	}
	await replaceFiles([{ path: join(reports, 'matrix.md'), text: renderMarkdown(matrix) }]);
	return { matrix, whole: matrixOf(onlyWhole(input)) };
}

/**
 * Summarizes a matrix in lines: the result, the troubles, the unexplained differences, and the explanations that are no
 * longer needed.
 */
export function summaryOf(matrix: Matrix): string[] {
	const unexplained = comparisonsOf(matrix).flatMap((row) =>
		row.unexplained ? [`Unexplained: ${'id' in row ? row.id : row.what}`] : [],
	);
	const idle = explanationsIn(matrix).filter((one) => one.idle.length > 0);
	return [
		headline(matrix),
		...troubleSentences(matrix),
		...unexplained,
		...idle.map((one) => `${one.change.name}: ${changeSentence(one)}`),
	].map(printable);
}
