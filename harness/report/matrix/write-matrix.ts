import { mkdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parseVerdicts, type VerdictRow } from '../../claims/verdicts.ts';
import { HalfopenError } from '../../errors.ts';
import { replaceFiles } from '../../replace-files.ts';
import { fromProjectRoot, PROJECT_ROOT } from '../artifacts.ts';
import { printable } from '../words.ts';
import { renderHtml } from './html.ts';
import { renderMarkdown } from './markdown.ts';
import { type Matrix, matrixOf } from './model.ts';
import { headline, leftOut } from './words.ts';

/**
 * Writes `matrix.md` and `matrix.html` into a folder of reports, over its own `claims.json` and others, and gives what is to be said of them, line by
 * line. Its own may be missing if others are named. A file that cannot be read or is no table of verdicts is BAD_ARGUMENT, and then nothing is
 * written; so are files without a verdict on any claim.
 */
export async function writeMatrix(others: readonly string[], reports: string = join(PROJECT_ROOT, 'reports')): Promise<string[]> {
	const own = join(reports, 'claims.json');
	const matrix = matrixOf([...(await ownRows(own, others.length > 0)), ...(await Promise.all(others.map((path) => readRows(path, path))))]);
	if (matrix.columns.length === 0) {
		throw new HalfopenError('BAD_ARGUMENT', {
			problem: 'There is no verdict on any claim to make a matrix of; the last one was left as it is',
			seen: [fromProjectRoot(own), ...others].join('\n'),
			remedy: 'run `npm test` first, or name the claims.json of a run that had verdicts',
		});
	}
	const pages = [
		{ path: join(reports, 'matrix.md'), text: renderMarkdown(matrix) },
		{ path: join(reports, 'matrix.html'), text: renderHtml(matrix, await readStyle()) },
	];
	await mkdir(reports, { recursive: true });
	await replaceFiles(pages);
	return said(
		matrix,
		pages.map(({ path }) => fromProjectRoot(path)),
	);
}

function said(matrix: Matrix, paths: readonly string[]): string[] {
	const unknown = leftOut(matrix);
	return [`${paths.join(' and ')}: ${headline(matrix)}`, ...(unknown === undefined ? [] : [printable(unknown)])];
}

/** As a run: the rows of this checkout; none if they may be missing, and are. */
async function ownRows(path: string, mayBeMissing: boolean): Promise<VerdictRow[][]> {
	try {
		return [await readRows(path, fromProjectRoot(path))];
	} catch (error) {
		if (mayBeMissing && error instanceof HalfopenError && isMissing(error.cause)) return [];
		throw error;
	}
}

async function readRows(path: string, name: string): Promise<VerdictRow[]> {
	try {
		return parseVerdicts(await readFile(path, 'utf8'), name);
	} catch (cause) {
		throw new HalfopenError('BAD_ARGUMENT', {
			problem: `${name} ${isMissing(cause) ? 'is not there' : 'is not a table of verdicts'}; the last matrix was left as it is`,
			seen: cause instanceof HalfopenError ? cause.seen : String(cause),
			remedy: 'name a claims.json as `npm test` writes it; if this is the one of this checkout, run `npm test`, after removing it if it is broken',
			cause,
		});
	}
}

function isMissing(error: unknown): boolean {
	return (error as NodeJS.ErrnoException | undefined)?.code === 'ENOENT';
}

/** The look of `index.html`, and what only the matrix has. */
async function readStyle(): Promise<string> {
	const parts = ['../page/page.css', 'matrix.css'].map((name) => readFile(new URL(name, import.meta.url), 'utf8'));
	return (await Promise.all(parts)).join('\n');
}
