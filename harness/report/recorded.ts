import { readFile, stat } from 'node:fs/promises';
import type { TestResult } from '@jest/reporters';
import { prettifyError, ZodError, type ZodType } from 'zod';
import { HalfopenError } from '../errors.ts';
import { type TimelineFile, timelineSchema } from '../timeline/events.ts';
import { type Artifact, artifactPath, artifactsFolder, fromProjectRoot } from './artifacts.ts';
import { type Cost, costSchema } from './cost.ts';

/** File systems keep times more coarsely than the clock does, in ms. */
const FILE_TIME_PRECISION = 2_000;

/** A scenario of this run that left its timeline. */
export interface Recorded {
	readonly folder: string;
	readonly passed: boolean;
	readonly timeline: TimelineFile;
	readonly cost: Cost;
}

/** What the scenarios of one spec file left behind in this run. Timelines of earlier runs are not taken for this one's. */
export async function recordedBy(result: TestResult, runStart: number): Promise<Recorded[]> {
	const ran = result.testResults.filter(({ status }) => status === 'passed' || status === 'failed');
	const found = await Promise.all(
		ran.map(async ({ title, status }) => {
			const read = <T>(artifact: Artifact, schema: ZodType<T>) => readFresh(artifactPath(result.testFilePath, title, artifact), schema, runStart);
			const [timeline, cost] = await Promise.all([read('timeline', timelineSchema), read('cost', costSchema)]);
			return timeline && cost && { folder: artifactsFolder(result.testFilePath, title), passed: status === 'passed', timeline, cost };
		}),
	);
	return found.filter((recorded) => recorded !== undefined);
}

async function readFresh<T>(path: string, schema: ZodType<T>, writtenSince: number): Promise<T | undefined> {
	const written = await stat(path).catch(() => undefined);
	if (written === undefined || written.mtimeMs < writtenSince - FILE_TIME_PRECISION) return undefined;
	try {
		return schema.parse(JSON.parse(await readFile(path, 'utf8')));
	} catch (error) {
		throw new HalfopenError('BAD_ARGUMENT', {
			problem: `${fromProjectRoot(path)} is not what scenario() writes, so its scenario is missing from this run’s tables`,
			seen: error instanceof ZodError ? prettifyError(error) : String(error),
			remedy: 'docs/timeline.schema.json says how a timeline is written; compare the two',
			cause: error,
		});
	}
}
