import type { TestResult } from '@jest/reporters';
import { environmentOf } from '../claims/environment.ts';
import { assertDistinct, measuresOf } from '../claims/measures.ts';
import { type VerdictRow, verdictsOf } from '../claims/verdicts.ts';
import { REPORTS } from './artifacts.ts';
import { type RecordedScenario, recordedScenarios } from './recorded.ts';
import { writeRecord } from './spec-runs.ts';
import { type WrittenReports, writeReports } from './write-reports.ts';

/** Collects the results of one run, file by file. */
export class RunResults {
	readonly #files: { readonly file: TestResult; readonly recorded: readonly RecordedScenario[] }[] = [];

	/** Returns what the scenarios of a file recorded, and adds it to the results. */
	async take(file: TestResult): Promise<readonly RecordedScenario[]> {
		const recorded = await recordedScenarios(file);
		this.#files.push({ file, recorded });
		return recorded;
	}

	/**
	 * The verdicts of scenarios that passed. The recording of a failed scenario is not the one that it was written for.
	 */
	get verdicts(): readonly VerdictRow[] {
		return this.#passed.flatMap(({ timeline }) => verdictsOf(timeline));
	}

	get #passed(): readonly RecordedScenario[] {
		return this.#recorded.filter(({ passed }) => passed);
	}

	get #recorded(): readonly RecordedScenario[] {
		return this.#files.flatMap(({ recorded }) => recorded);
	}

	/**
	 * Writes the record of each spec file, and updates the page and the tables. If no scenario had a lab, engine and
	 * kernel of the run are unknown, so no record is written.
	 */
	async write(reports: string = REPORTS): Promise<WrittenReports> {
		const [first] = this.#recorded;
		if (first !== undefined) {
			const environment = environmentOf(first.timeline);
			await Promise.all(this.#files.map(({ file, recorded }) => writeRecord(file, recorded, environment, reports)));
		}
		const written = await writeReports(reports);
		assertDistinct(this.#passed.flatMap(({ timeline }) => measuresOf(timeline)));
		return written;
	}
}
