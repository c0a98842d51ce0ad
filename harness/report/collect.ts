import { readdir, readFile } from 'node:fs/promises';
import { basename, dirname, join, relative, sep } from 'node:path';
import { prettifyError, ZodError, type ZodType } from 'zod';
import { type MeasureRow, measuresOf, mergeMeasures } from '../claims/measures.ts';
import { mergeVerdicts, type VerdictRow, verdictsOf } from '../claims/verdicts.ts';
import { HalfopenError } from '../errors.ts';
import { type TimelineFile, timelineSchema } from '../timeline/timeline-file.ts';
import { ARTIFACTS, artifactsFolder } from './artifacts.ts';
import { type Cost, costSchema } from './cost.ts';
import { FAILURE_FILE, runOf, SPEC_RECORD, type SpecRun, specRecordSchema } from './spec-runs.ts';

/** The files of one scenario. */
export interface ScenarioFiles {
	/** Its folder, relative to the folder of reports, separated by `/`. */
	readonly folder: string;
	readonly timeline: TimelineFile;
	/** How its wall time was spent; undefined if there is no such file. */
	readonly cost: Cost | undefined;
	/** The names of all files in its folder. */
	readonly files: readonly string[];
	/** Reads one of them. Undefined if there is no such file. */
	text(name: string): Promise<string | undefined>;
}

/** The results of all runs so far, on all engines and kernels. */
export interface Results {
	readonly verdicts: readonly VerdictRow[];
	readonly measures: readonly MeasureRow[];
	readonly runs: readonly SpecRun[];
}

/** The content of a folder of reports. */
export interface Collected<T> {
	/** What `make` returned for each scenario. */
	readonly scenarios: readonly T[];
	readonly results: Results;
	/** One error for each file that could not be parsed. */
	readonly skipped: readonly HalfopenError[];
}

/**
 * Reads the files of all scenarios below a folder, one scenario after the other. Keeps only what `make` returns for
 * each, because all timelines together may be large. Broken and foreign files are skipped and reported. A file that
 * another run is replacing meanwhile counts as missing.
 */
export async function collect<T>(
	reports: string,
	make: (scenario: ScenarioFiles) => Promise<T>,
): Promise<Collected<T>> {
	const skipped: HalfopenError[] = [];
	const orSkip = async <R>(path: string, read: (text: string) => R): Promise<R | undefined> => {
		try {
			return read(await readFile(path, 'utf8'));
		} catch (error) {
			if ((error as NodeJS.ErrnoException).code !== 'ENOENT')
				skipped.push(cannotBeRead(relative(reports, path), error));
			return undefined;
		}
	};

	const folders = await filesByFolder(reports);
	const foldersWith = (wanted: string) =>
		[...folders].flatMap(([folder, names]) => (names.includes(wanted) ? [join(reports, folder)] : []));
	const outcomes = new Map<string, TimelineFile['outcome']>();
	const verdicts: VerdictRow[] = [];
	const measures: MeasureRow[] = [];
	const scenarios: T[] = [];
	for (const folder of foldersWith(ARTIFACTS.timeline)) {
		const files = folders.get(relative(reports, folder)) ?? [];
		const timeline = await orSkip(join(folder, ARTIFACTS.timeline), as(timelineSchema));
		if (timeline === undefined) continue;
		const cost = files.includes(ARTIFACTS.cost)
			? await orSkip(join(folder, ARTIFACTS.cost), as(costSchema))
			: undefined;
		const text = (name: string) => orSkip(join(folder, name), (all) => all);
		scenarios.push(await make({ folder: relative(reports, folder).split(sep).join('/'), timeline, cost, files, text }));
		outcomes.set(folder, timeline.outcome);
		if (files.includes(FAILURE_FILE)) continue;
		verdicts.push(...verdictsOf(timeline));
		measures.push(...measuresOf(timeline));
	}
	for (const folder of foldersWith(FAILURE_FILE)) outcomes.set(folder, 'failed');
	const runs: SpecRun[] = [];
	for (const folder of foldersWith(SPEC_RECORD)) {
		const record = await orSkip(join(folder, SPEC_RECORD), as(specRecordSchema));
		if (record === undefined) continue;
		const kernel = { release: record.kernel };
		runs.push(runOf(record, (scenario) => outcomes.get(artifactsFolder({ ...record, kernel, scenario }, reports))));
	}
	return {
		scenarios,
		results: { verdicts: mergeVerdicts(verdicts), measures: mergeMeasures(measures), runs },
		skipped,
	};
}

/**
 * Returns the sorted names of all files by their folder, which is relative to the folder of reports. Leaves out names
 * that begin with a dot, because these files and folders are still being written.
 */
async function filesByFolder(reports: string): Promise<ReadonlyMap<string, readonly string[]>> {
	const folders = new Map<string, string[]>();
	for (const path of (await readdir(reports, { recursive: true })).sort()) {
		if (path.split(sep).some((name) => name.startsWith('.'))) continue;
		const folder = dirname(path);
		folders.set(folder, [...(folders.get(folder) ?? []), basename(path)]);
	}
	return folders;
}

/** Returns a function that parses JSON with a schema. */
function as<R>(schema: ZodType<R>): (text: string) => R {
	return (text) => schema.parse(JSON.parse(text));
}

function cannotBeRead(path: string, error: unknown): HalfopenError {
	return new HalfopenError('REPORT_UNREADABLE', {
		problem: `${path} is not in the format of this version, so it was left out.`,
		seen: error instanceof ZodError ? prettifyError({ issues: error.issues.slice(0, 1) }) : String(error),
		remedy: 'Run the spec again, or remove the folder.',
		cause: error,
	});
}
