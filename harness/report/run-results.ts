import type { TestResult } from '@jest/reporters';
import { assertDistinct, measuresOf } from '../claims/measures.ts';
import { type VerdictRow, verdictsOf } from '../claims/verdicts.ts';
import { environmentOf, REPORTS } from './artifacts.ts';
import { type RecordedScenario, recordedScenarios } from './recorded.ts';
import { keepRecord } from './spec-runs.ts';
import { type WrittenReports, writeReports } from './write-reports.ts';

/** What one run found, gathered from file to file. */
export class RunResults {
	readonly #files: { readonly file: TestResult; readonly recorded: readonly RecordedScenario[] }[] = [];

	/** What the scenarios of a file recorded, which is this run's from now on. */
	async take(file: TestResult): Promise<readonly RecordedScenario[]> {
		const recorded = await recordedScenarios(file);
		this.#files.push({ file, recorded });
		return recorded;
	}

	/** The verdicts of scenarios that passed: one that failed did not see what it was written for. */
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
	 * Keeps what became of each spec file, and makes page and tables anew. Where no scenario had a lab, nobody knows on
	 * what it ran: no file is told of.
	 */
	async keep(reports: string = REPORTS): Promise<WrittenReports> {
		const [first] = this.#recorded;
		if (first !== undefined) {
			const place = environmentOf(first.timeline);
			await Promise.all(this.#files.map(({ file, recorded }) => keepRecord(file, recorded, place, reports)));
		}
		const renewed = await writeReports(reports);
		assertDistinct(this.#passed.flatMap(({ timeline }) => measuresOf(timeline)));
		return renewed;
	}
}
