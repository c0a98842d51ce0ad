import { mkdir, readFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { type ZodType, z } from 'zod';
import { HalfopenError } from '../errors.ts';
import { replaceFiles } from '../replace-files.ts';

/** Where something was found. */
export interface Place {
	readonly engine: string;
	/** The kernel's release. */
	readonly kernel: string;
}

/** A scenario that ran, and where. */
export interface Ran extends Place {
	readonly scenario: string;
}

/** What each row says of where it was found. */
export const placeShape = { engine: z.string(), kernel: z.string() };

/** A kind of rows that all runs gather in one file of JSON. */
export interface Table<Row extends Place> {
	/** What its rows are: `verdicts`. */
	readonly of: string;
	readonly row: ZodType<Row>;
}

/** What such a file says; throws where it is none, because adding to it would lose what it was. */
export function parseTable<Row extends Place>(text: string, path: string, { of, row }: Table<Row>): Row[] {
	const broken = (seen: string, cause?: unknown) =>
		new HalfopenError('BAD_ARGUMENT', {
			problem: `${path} is not a table of ${of}; it was left as it is and this run's ${of} were not added`,
			seen,
			remedy: 'mend it, or remove it and run the specs again: each run writes its rows anew',
			cause,
		});
	let content: unknown;
	try {
		content = JSON.parse(text);
	} catch (error) {
		throw broken(error instanceof Error ? error.message : String(error), error);
	}
	const rows = z.array(row).safeParse(content);
	if (!rows.success) throw broken(z.prettifyError(rows.error), rows.error);
	return rows.data;
}

/** Changes the rows of the file at `path`, which may be missing, and gives those it has now. It is replaced in one step: a reader sees the old or the new file. */
export async function changeTable<Row extends Place>(path: string, table: Table<Row>, change: (rows: Row[]) => Row[]): Promise<Row[]> {
	const text = await readFile(path, 'utf8').catch((error: NodeJS.ErrnoException) => {
		if (error.code === 'ENOENT') return '[]';
		throw error;
	});
	const rows = change(parseTable(text, path, table));
	await mkdir(dirname(path), { recursive: true });
	await replaceFiles([{ path, text: `${JSON.stringify(rows, null, '\t')}\n` }]);
	return rows;
}

/** The rows of other scenarios than these, and of other places: what a scenario found is what it found when it ran last. */
export function rowsOfOthers<Row extends Ran>(rows: readonly Row[], ran: readonly Ran[]): Row[] {
	const keyOf = ({ scenario, engine, kernel }: Ran) => JSON.stringify([scenario, engine, kernel]);
	const keys = new Set(ran.map(keyOf));
	return rows.filter((row) => !keys.has(keyOf(row)));
}

/** The rows of another engine, or another kernel. */
export function rowsOfOtherPlaces<Row extends Place>(rows: readonly Row[], { engine, kernel }: Place): Row[] {
	return rows.filter((row) => row.engine !== engine || row.kernel !== kernel);
}

/** For sorting, by what a key function says: the same everywhere, whatever the language of the machine. */
export function compareText(a: string, b: string): number {
	return a < b ? -1 : a > b ? 1 : 0;
}
