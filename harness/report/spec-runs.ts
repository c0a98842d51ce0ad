import { mkdir, readdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { TestResult } from '@jest/reporters';
import { z } from 'zod';
import { compareText, type Environment } from '../claims/environment.ts';
import { replaceFiles, replaceFolder } from '../util/replace-files.ts';
import { fromProjectRoot, REPORTS, slugOf, specFolder } from './artifacts.ts';
import type { RecordedScenario } from './recorded.ts';

/** In a spec file's folder: which scenarios it has. Without it, one that never ran would not be missed. */
export const SPEC_RECORD = 'spec.json';

/** In a scenario's folder where it failed and no timeline says so: why. */
export const FAILURE_FILE = 'failure.txt';

export const specRecordSchema = z.object({
	/** The file, from the project's root. */
	spec: z.string(),
	engine: z.string(),
	/** The kernel's release. */
	kernel: z.string(),
	/** The titles of its scenarios, in their order. */
	scenarios: z.array(z.string()),
	/** Why none of them could be run. */
	error: z.string().optional(),
});
export type SpecRecord = z.infer<typeof specRecordSchema>;

/** What became of the scenarios of one spec file on an engine and a kernel. */
export interface SpecRun extends Environment {
	/** Its file, from the project's root. */
	readonly spec: string;
	/** The titles of its scenarios that passed when they ran last. */
	readonly passed: readonly string[];
	/** Those that failed when they ran last. */
	readonly failed: readonly string[];
	/** Those that never ran there: only others of the file were asked for. */
	readonly pending: readonly string[];
}

const SPECS = 'specs/';

/**
 * Keeps what the timelines of a spec file's scenarios do not say: which scenarios it has, and which of them failed
 * otherwise. What it had before and has no more is removed. What is no spec has no record.
 */
export async function keepRecord(
	{ testFilePath, testResults, testExecError }: TestResult,
	recorded: readonly RecordedScenario[],
	{ engine, kernel }: Environment,
	reports: string = REPORTS,
): Promise<void> {
	const spec = fromProjectRoot(testFilePath);
	if (!spec.startsWith(SPECS)) return;
	const folder = specFolder({ engine, kernel }, spec, reports);
	await mkdir(folder, { recursive: true });
	for (const { title, status, failureMessages } of testResults) {
		const own = recorded.find(({ timeline }) => timeline.scenario === title);
		if (status !== 'failed' || own?.timeline.outcome === 'failed') continue;
		const writeFailure = (where: string) => writeFile(join(where, FAILURE_FILE), `${failureMessages.join('\n\n')}\n`);
		await (own === undefined
			? replaceFolder(join(folder, slugOf(title)), writeFailure)
			: writeFailure(join(folder, slugOf(title))));
	}
	const scenarios = testResults.map(({ title }) => title);
	const record: SpecRecord = {
		spec,
		engine,
		kernel,
		scenarios,
		...(testExecError && { error: testExecError.message }),
	};
	await replaceFiles([{ path: join(folder, SPEC_RECORD), text: `${JSON.stringify(record, null, '\t')}\n` }]);
	if (testExecError === undefined) await removeOthers(folder, new Set(scenarios.map(slugOf)));
}

/** Removes the folders of scenarios that are no more. Those that begin with a dot may be in the making. */
async function removeOthers(folder: string, slugs: ReadonlySet<string>): Promise<void> {
	const entries = await readdir(folder, { withFileTypes: true });
	const gone = entries.filter((entry) => entry.isDirectory() && !entry.name.startsWith('.') && !slugs.has(entry.name));
	await Promise.all(gone.map(({ name }) => rm(join(folder, name), { recursive: true, force: true })));
}

/** What became of a spec's scenarios, given what became of each that ran. */
export function runOf(
	{ spec, engine, kernel, scenarios, error }: SpecRecord,
	outcomeOf: (title: string) => 'passed' | 'failed' | undefined,
): SpecRun {
	const titles = (wanted: ReturnType<typeof outcomeOf>) => scenarios.filter((title) => outcomeOf(title) === wanted);
	const failed = [...titles('failed'), ...(error === undefined ? [] : ['the file could not be run'])];
	return { spec, engine, kernel, passed: titles('passed'), failed, pending: titles(undefined) };
}

/**
 * Runs of several checkouts or machines, side by side: what failed in one of them failed, whatever it did in others.
 */
export function joinSpecRuns(rows: readonly SpecRun[]): SpecRun[] {
	const keyOf = ({ spec, engine, kernel }: SpecRun) => JSON.stringify([spec, engine, kernel]);
	const joined = new Map<string, SpecRun>();
	for (const row of rows) {
		const other = joined.get(keyOf(row));
		joined.set(keyOf(row), other === undefined ? row : sideBySide(other, row));
	}
	return [...joined.values()].sort((a, b) => compareText(keyOf(a), keyOf(b)));
}

function sideBySide(one: SpecRun, other: SpecRun): SpecRun {
	const failed = both(one.failed, other.failed);
	const passed = without(both(one.passed, other.passed), failed);
	return { ...one, passed, failed, pending: without(both(one.pending, other.pending), [...passed, ...failed]) };
}

const both = (names: readonly string[], others: readonly string[]) => [...new Set([...names, ...others])];
const without = (names: readonly string[], others: readonly string[]) => names.filter((name) => !others.includes(name));
