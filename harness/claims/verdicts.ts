import { mkdir, readFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { z } from 'zod';
import { HalfopenError } from '../errors.ts';
import { replaceFiles } from '../replace-files.ts';
import type { TimelineFile } from '../timeline/events.ts';
import { CLAIMS } from './catalogue.ts';

const verdictRow = z.object({
	id: z.string(),
	verdict: z.enum(['holds', 'differs']),
	scenario: z.string(),
	engine: z.string(),
	/** The kernel's release. */
	kernel: z.string(),
	note: z.string(),
});

/** A row of `reports/claims.json`: what one scenario found about one claim, on one engine and kernel. */
export type VerdictRow = z.infer<typeof verdictRow>;

/** The rows that a scenario's timeline contributes: none if it failed, because then what it recorded is not what it was written for. */
export function verdictsOf({ verdicts, scenario, engine, kernel, outcome }: TimelineFile): VerdictRow[] {
	if (outcome === 'failed') return [];
	return verdicts.map(({ id, verdict, note }) => ({ id, verdict, scenario, engine, kernel: kernel.release, note }));
}

/** Rows of a run over rows of earlier ones: the same claim, scenario, engine and kernel is replaced, all else stays; in the catalogue's order. */
export function mergeVerdicts(earlier: readonly VerdictRow[], fresh: readonly VerdictRow[]): VerdictRow[] {
	const rows = new Map([...earlier, ...fresh].map((row) => [JSON.stringify([row.id, row.scenario, row.engine, row.kernel]), row]));
	return [...rows.values()].sort(byCatalogue);
}

const RANKS = new Map(Object.keys(CLAIMS).map((id, rank) => [id, rank]));

/** Ids that the catalogue does not know stand last. */
function byCatalogue(a: VerdictRow, b: VerdictRow): number {
	const ranks = (RANKS.get(a.id) ?? RANKS.size) - (RANKS.get(b.id) ?? RANKS.size);
	if (ranks !== 0) return ranks;
	const [one, other] = [a, b].map(({ id, scenario, engine, kernel }) => JSON.stringify([id, scenario, engine, kernel])) as [string, string];
	return one < other ? -1 : one > other ? 1 : 0;
}

/** What a `claims.json` says; throws where it is no such file, because merging into it would lose what it was. */
export function parseVerdicts(text: string, path: string): VerdictRow[] {
	const broken = (seen: string, cause?: unknown) =>
		new HalfopenError('BAD_ARGUMENT', {
			problem: `${path} is not a table of verdicts; it was left as it is and this run's verdicts were not added`,
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
	const rows = z.array(verdictRow).safeParse(content);
	if (!rows.success) throw broken(z.prettifyError(rows.error), rows.error);
	return rows.data;
}

/** Merges rows into the file at `path` and gives all rows that it has now. It is replaced in one step: a reader sees the old or the new file. */
export async function addVerdicts(path: string, fresh: readonly VerdictRow[]): Promise<VerdictRow[]> {
	const text = await readFile(path, 'utf8').catch((error: NodeJS.ErrnoException) => {
		if (error.code === 'ENOENT') return '[]';
		throw error;
	});
	const rows = mergeVerdicts(parseVerdicts(text, path), fresh);
	await mkdir(dirname(path), { recursive: true });
	await replaceFiles([{ path, text: `${JSON.stringify(rows, null, '\t')}\n` }]);
	return rows;
}

/** What is known of the catalogue, in numbers of claims. A claim on which scenarios disagree counts as one that differs. */
export interface ClaimCount {
	readonly holds: number;
	readonly differs: number;
	readonly notCovered: number;
}

/** Counts claims, not rows. */
export function countClaims(rows: readonly VerdictRow[]): ClaimCount {
	const known = rows.filter(({ id }) => RANKS.has(id));
	const covered = new Set(known.map(({ id }) => id));
	const differing = new Set(known.flatMap(({ id, verdict }) => (verdict === 'differs' ? [id] : [])));
	return { holds: covered.size - differing.size, differs: differing.size, notCovered: RANKS.size - covered.size };
}
