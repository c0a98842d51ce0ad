import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { Reporter, Test, TestResult } from '@jest/reporters';
import { toError } from '../errors.ts';
import { ARTIFACTS, fromProjectRoot, REPORTS, specName } from './artifacts.ts';
import { claimsTable } from './claims-table.ts';
import { costTable, type ScenarioCost } from './cost-table.ts';
import { MemorySampler } from './memory-sampler.ts';
import { RunResults } from './run-results.ts';
import { paintFor, widthOf } from './terminal.ts';
import { wrap } from './text-format.ts';
import { DERIVED } from './write-reports.ts';

const WIDTHS = { least: 60, most: 160 };

/**
 * The reporter of every run, beside Jest's own. Prints the paths of failed scenarios' ladders, and at the end how the
 * time was spent and the table of claims.
 */
export default class HalfopenReporter implements Reporter {
	#results = new RunResults();
	#spent: ScenarioCost[] = [];
	#skipped: string[] = [];
	#memory: MemorySampler | undefined;
	#beganMs = performance.now();
	#error: Error | undefined;

	onRunStart(): void {
		this.#results = new RunResults();
		this.#spent = [];
		this.#skipped = [];
		this.#memory = new MemorySampler();
		this.#beganMs = performance.now();
		this.#error = undefined;
	}

	async onTestFileResult(_test: Test, result: TestResult): Promise<void> {
		await this.#keepError(async () => {
			const recorded = await this.#results.take(result);
			const spec = specName(result.testFilePath);
			this.#spent.push(...recorded.map(({ timeline, cost }) => ({ spec, scenario: timeline.scenario, cost })));
			this.#skipped.push(
				...recorded.flatMap(({ timeline }) =>
					timeline.skipped.map(({ what, why }) => `${spec} › ${timeline.scenario}: ${what} (${why})`),
				),
			);
			const ladders = recorded.filter(({ passed }) => !passed).map(({ folder }) => join(folder, ARTIFACTS.ladder));
			const drawn = ladders.filter((path) => existsSync(path));
			if (drawn.length > 0)
				say(['Ladders of failed scenarios:', ...drawn.map((path) => `  ${fromProjectRoot(path)}`), '']);
		});
	}

	async onRunComplete(): Promise<void> {
		const run = { wallSeconds: (performance.now() - this.#beganMs) / 1_000, memoryBytes: this.#memory?.stop() ?? 0 };
		const [width, paint] = [widthOf(process.stderr, WIDTHS), paintFor(process.stderr)];
		if (this.#skipped.length > 0)
			say([
				'',
				paint('title', `Skipped, because it cannot be observed here: ${this.#skipped.length}`),
				...this.#skipped.flatMap((line) => wrap(line, width - 2)).map((line) => `  ${line}`),
			]);
		if (this.#spent.length > 0) say(['', ...costTable(this.#spent, run, width, paint)]);
		if (this.#spent.length === 0) return;
		await this.#keepError(async () => {
			const { results, lines } = await this.#results.write();
			const { verdicts } = this.#results;
			say(['', ...lines]);
			if (verdicts.length === 0) return;
			const where =
				`  ${fromProjectRoot(join(REPORTS, DERIVED.verdicts))} has all verdicts; ladders, timelines and captures are ` +
				'in reports/<engine>-<kernel>/<spec file>/<scenario>/';
			say(['', ...claimsTable(verdicts, results.verdicts, width, paint), where, '']);
		});
	}

	/** Called by Jest, which fails the run if it returns an error. */
	getLastError(): Error | undefined {
		return this.#error;
	}

	async #keepError(work: () => Promise<void>): Promise<void> {
		try {
			await work();
		} catch (error) {
			this.#error = toError(error);
			say(['', this.#error.message, '']);
		}
	}
}

function say(lines: readonly string[]): void {
	process.stderr.write(`${lines.join('\n')}\n`);
}
