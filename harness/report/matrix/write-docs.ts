import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { HalfopenError } from '../../errors.ts';
import { PROJECT_ROOT } from '../../util/project-root.ts';
import { replaceFiles } from '../../util/replace-files.ts';
import { nameOf } from './columns.ts';
import { renderMarkdown } from './markdown.ts';
import { durationsTable } from './markdown-durations.ts';
import type { Matrix } from './model.ts';

/** The README has the table of durations between these lines. */
const BEGIN = '<!-- durations: npm run matrix -- --docs -->';
const END = '<!-- end of durations -->';

/** The durations that the README shows: the default timers that people encounter most often. */
export const SHOWN = [
	'DROP and one write, until ETIMEDOUT',
	'SO_KEEPALIVE and a dead peer, until ETIMEDOUT',
	'SYN dropped, until ETIMEDOUT',
	'TIME-WAIT',
	'FIN-WAIT-2 after close',
] as const;

/**
 * Writes a matrix of complete columns to `docs/matrix.md`, and some of its durations into the README. Throws
 * RESULTS_MISSING if none of these durations was measured in two columns.
 */
export async function writeDocs(matrix: Matrix, project: string = PROJECT_ROOT): Promise<void> {
	const table = durationsTable(matrix, SHOWN);
	if (table === undefined) {
		throw new HalfopenError('RESULTS_MISSING', {
			problem:
				'No duration of the README’s table was measured in two columns in which all specs ran, so docs/matrix.md and ' +
				'README.md were not written.',
			seen: `all specs ran on: ${matrix.columns.map(nameOf).join(', ') || 'nothing'}\nshown are: ${SHOWN.join('; ')}`,
			remedy: 'Run the specs on several kernels: `npm run matrix -- --kernels 6.1,6.12 --docs`.',
		});
	}
	const readme = join(project, 'README.md');
	const text = withDurations(await readFile(readme, 'utf8'), table);
	await replaceFiles([
		{ path: readme, text },
		{ path: join(project, 'docs', 'matrix.md'), text: renderMarkdown(matrix) },
	]);
}

/** Returns the table of durations in a README. Throws MARKER_MISSING if it has no place for one. */
export function durationsIn(readme: string): string {
	const [begin, end] = [readme.indexOf(BEGIN), readme.indexOf(END)];
	if (begin >= 0 && end > begin) return readme.slice(begin + BEGIN.length, end).trim();
	throw new HalfopenError('MARKER_MISSING', {
		problem: 'README.md has no place for the table of durations.',
		remedy: `Put these two lines where the table belongs: ${BEGIN} and ${END}`,
	});
}

/** Returns the README with another table. */
export function withDurations(readme: string, table: string): string {
	durationsIn(readme);
	return `${readme.slice(0, readme.indexOf(BEGIN) + BEGIN.length)}\n\n${table}\n\n${readme.slice(readme.indexOf(END))}`;
}
