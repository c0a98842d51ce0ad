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

/** What one scenario has left. */
export interface ScenarioFiles {
	/** Its folder, relative to that of reports, with `/` between names. */
	readonly folder: string;
	readonly timeline: TimelineFile;
	/** Where its wall time went; undefined where that was not written. */
	readonly cost: Cost | undefined;
	/** The names of all files in its folder. */
	readonly files: readonly string[];
	/** The text of one of them; undefined where there is none. */
	text(name: string): Promise<string | undefined>;
}

/** What all runs so far have found, whatever engine and kernel they ran on. */
export interface Results {
	readonly verdicts: readonly VerdictRow[];
	readonly measures: readonly MeasureRow[];
	readonly runs: readonly SpecRun[];
}

/** What lies below a folder of reports. */
export interface Collected<T> {
	/** What was made of each scenario. */
	readonly scenarios: readonly T[];
	readonly results: Results;
	/** One for each file that is not what its name says. */
	readonly skipped: readonly HalfopenError[];
}

/**
 * Reads what the scenarios of all runs so far have left below a folder, one after the other: of each stays what `make`
 * makes of it. Broken and foreign files are skipped and reported; a file that is being replaced meanwhile counts
 * as missing.
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
 * The names of all files, by their folder, from that of reports; in order. A name that begins with a dot is of
 * something unfinished.
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
