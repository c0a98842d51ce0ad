import { createHash } from 'node:crypto';
import { mkdir, readdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { prettifyError, ZodError, z } from 'zod';
import { HalfopenError } from '../errors.ts';
import { timelineSchema } from '../timeline/timeline-file.ts';
import { replaceFiles } from '../util/replace-files.ts';
import { fromProjectRoot, slugOf } from './artifacts.ts';
import { costSchema } from './cost.ts';

/** Passes the folder’s path to the workers: Jest forks them with its environment. */
const VARIABLE = 'HALFOPEN_RESULTS';

const resultSchema = z.object({ timeline: timelineSchema, cost: costSchema });
/**
 * What a scenario passes to the reporters of its own run. They do not read `reports/`, because other runs may replace
 * files there at any time.
 */
export type ScenarioResult = z.infer<typeof resultSchema>;

/**
 * Creates the folder of results in this folder, which is removed with the run. The runner calls it before it forks
 * workers.
 */
export async function createResultsFolder(folder: string): Promise<void> {
	const path = join(folder, 'results');
	await mkdir(path);
	process.env[VARIABLE] = path;
}

/** Writes what a scenario of this spec recorded, as JSON. Workers call it. Does nothing outside of a run. */
export async function postResult(spec: string, scenario: string, timeline: string, cost: string): Promise<void> {
	const folder = process.env[VARIABLE];
	if (folder === undefined) return;
	await replaceFiles([
		{
			path: join(folder, `${prefixOf(spec)}${slugOf(scenario)}.json`),
			text: `{"timeline":${timeline},"cost":${cost}}`,
		},
	]);
}

/** Reads and removes the results of a spec's scenarios. Reporters call it. */
export async function takeResults(spec: string): Promise<ScenarioResult[]> {
	const folder = process.env[VARIABLE];
	if (folder === undefined) return [];
	const names = (await readdir(folder)).filter((name) => name.startsWith(prefixOf(spec)) && name.endsWith('.json'));
	const paths = names.sort().map((name) => join(folder, name));
	const results = await Promise.all(paths.map(async (path) => parseResult(await readFile(path, 'utf8'), spec)));
	await Promise.all(paths.map((path) => rm(path)));
	return results;
}

/** Returns the beginning of the file names of all results of a spec. */
function prefixOf(spec: string): string {
	return `${createHash('sha256').update(fromProjectRoot(spec)).digest('hex').slice(0, 16)}.`;
}

function parseResult(text: string, spec: string): ScenarioResult {
	try {
		return resultSchema.parse(JSON.parse(text));
	} catch (error) {
		throw new HalfopenError('REPORT_UNREADABLE', {
			problem:
				`A timeline of ${fromProjectRoot(spec)} is not in the format that scenario() writes, so its scenario is ` +
				'missing in this run’s tables.',
			seen: error instanceof ZodError ? prettifyError(error) : String(error),
			remedy: 'Compare it with docs/timeline.schema.json, the format of timelines.',
			cause: error,
		});
	}
}
