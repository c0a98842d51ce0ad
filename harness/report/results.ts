import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { TestResult } from '@jest/reporters';
import { addMeasures, MEASURES, type MeasureRow, measuresOf, parseMeasures } from '../claims/measures.ts';
import { changeTable, type Place, type Ran, rowsOfOtherPlaces } from '../claims/table.ts';
import { addVerdicts, parseVerdicts, VERDICTS, type VerdictRow, verdictsOf } from '../claims/verdicts.ts';
import { PROJECT_ROOT } from './artifacts.ts';
import type { Recorded } from './recorded.ts';
import { addSpecRuns, parseSpecRuns, SPEC_RUNS, type SpecRun, specRunsOf } from './spec-runs.ts';

/** The folder of this checkout that all runs write to. */
export const REPORTS = join(PROJECT_ROOT, 'reports');

/** The tables in it that runs add to, by engine and kernel. */
export const RESULTS = { verdicts: 'claims.json', measures: 'measures.json', runs: 'runs.json' } as const;

/** What runs left in a folder of reports. */
export interface Results {
	readonly verdicts: readonly VerdictRow[];
	readonly measures: readonly MeasureRow[];
	readonly runs: readonly SpecRun[];
}

/** What one run found, gathered from file to file. */
export class Findings {
	readonly #verdicts: VerdictRow[] = [];
	readonly #measures: MeasureRow[] = [];
	readonly #ran: Ran[] = [];
	readonly #files: TestResult[] = [];

	/** What a file left behind counts where its scenario passed: one that failed did not see what it was written for. */
	add(file: TestResult, recorded: readonly Recorded[]): void {
		this.#files.push(file);
		for (const { passed, timeline } of recorded) {
			this.#ran.push({ scenario: timeline.scenario, engine: timeline.engine, kernel: timeline.kernel.release });
			if (!passed) continue;
			this.#verdicts.push(...verdictsOf(timeline));
			this.#measures.push(...measuresOf(timeline));
		}
	}

	get verdicts(): readonly VerdictRow[] {
		return this.#verdicts;
	}

	/** Puts it into the tables of a folder, and gives all verdicts that are there now. Where no scenario had a lab, nobody knows on what it ran, and nothing is changed. */
	async keep(folder: string = REPORTS): Promise<VerdictRow[]> {
		const [place] = this.#ran;
		if (place === undefined) return [];
		const all = await addVerdicts(join(folder, RESULTS.verdicts), this.#verdicts, this.#ran);
		await addSpecRuns(join(folder, RESULTS.runs), specRunsOf(this.#files, place));
		await addMeasures(join(folder, RESULTS.measures), this.#measures, this.#ran);
		return all;
	}
}

/** Forgets what was found on an engine and kernel, so that what is there afterwards is of the next run. */
export async function forget(place: Place, folder: string = REPORTS): Promise<void> {
	await changeTable(join(folder, RESULTS.verdicts), VERDICTS, (rows) => rowsOfOtherPlaces(rows, place));
	await changeTable(join(folder, RESULTS.runs), SPEC_RUNS, (rows) => rowsOfOtherPlaces(rows, place));
	await changeTable(join(folder, RESULTS.measures), MEASURES, (rows) => rowsOfOtherPlaces(rows, place));
}

/** What is in a folder. Without verdicts it is no folder of reports: that is thrown as it is seen; runs and durations may be missing. */
export async function readResults(folder: string, nameOf: (path: string) => string): Promise<Results> {
	const read = async <Row>(name: string, parse: (text: string, path: string) => Row[], orElse?: string): Promise<Row[]> => {
		const path = join(folder, name);
		const text = await readFile(path, 'utf8').catch((error: NodeJS.ErrnoException) => {
			if (orElse !== undefined && error.code === 'ENOENT') return orElse;
			throw error;
		});
		return parse(text, nameOf(path));
	};
	const [verdicts, measures, runs] = await Promise.all([
		read(RESULTS.verdicts, parseVerdicts),
		read(RESULTS.measures, parseMeasures, '[]'),
		read(RESULTS.runs, parseSpecRuns, '[]'),
	]);
	return { verdicts, measures, runs };
}
