import { readdir, readFile, stat } from 'node:fs/promises';
import { basename, dirname, join, relative } from 'node:path';
import { execa } from 'execa';
import { HalfopenError } from '../harness/errors.ts';
import { ARTIFACTS } from '../harness/report/artifacts.ts';
import { costSchema, totalOf } from '../harness/report/cost.ts';
import { ENGINE_VARIABLE } from '../harness/run/choose-engine.ts';
import { PROJECT_ROOT } from '../harness/util/project-root.ts';
import { allowedForSuite } from './allowed.ts';
import type { Measured } from './results.ts';
import { rounded, timed } from './sides.ts';
import { loadOf, withRun } from './surroundings.ts';

const REPORTS = join(PROJECT_ROOT, 'reports');

/** Returns the reason why a run cannot be opened on this engine, or undefined if it can. */
export async function unavailable(engine: string): Promise<string | undefined> {
	const before = process.env[ENGINE_VARIABLE];
	process.env[ENGINE_VARIABLE] = engine;
	try {
		await withRun(async () => {});
		return undefined;
	} catch (error) {
		if (error instanceof HalfopenError) return error.problem;
		throw error;
	} finally {
		if (before === undefined) delete process.env[ENGINE_VARIABLE];
		else process.env[ENGINE_VARIABLE] = before;
	}
}

/** Runs the whole suite on an engine with `npm test`. Its output goes to stderr. */
export async function measureSuite(engine: string): Promise<NonNullable<Measured['suite']>> {
	const start = Date.now();
	const { result, ...when } = await loadOf(() =>
		timed(() =>
			execa('npm', ['test'], {
				cwd: PROJECT_ROOT,
				env: { [ENGINE_VARIABLE]: engine },
				stdin: 'ignore',
				stdout: process.stderr,
				stderr: process.stderr,
				reject: false,
			}),
		),
	);
	const [{ exitCode }, wallMs] = result;
	const longest = longestOf(await costsSince(start));
	return {
		...when,
		wall_s: rounded(wallMs / 1_000, 1),
		longest,
		allowed_s: rounded(allowedForSuite(engine, longest.s), 1),
		passed: exitCode === 0,
	};
}

interface Spent {
	readonly scenario: string;
	readonly s: number;
}

/** Returns the costs of the scenarios that have ended since `start`. */
async function costsSince(start: number): Promise<Spent[]> {
	const names = await readdir(REPORTS, { recursive: true });
	const paths = names.filter((name) => basename(name) === ARTIFACTS.cost).map((name) => join(REPORTS, name));
	const found = await Promise.all(
		paths.map(async (path) => {
			if ((await stat(path)).mtimeMs < start) return [];
			return [
				{
					scenario: relative(REPORTS, dirname(path)),
					s: rounded(totalOf(costSchema.parse(JSON.parse(await readFile(path, 'utf8')))), 1),
				},
			];
		}),
	);
	return found.flat();
}

function longestOf(spent: readonly Spent[]): Spent {
	return spent.reduce((longest, one) => (one.s > longest.s ? one : longest), { scenario: 'none', s: 0 });
}
