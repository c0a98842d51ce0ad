import { readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { TestResult } from '@jest/reporters';
import { prettifyError, ZodError } from 'zod';
import { type VerdictRow, verdictsOf } from '../claims/verdicts.ts';
import { HalfopenError } from '../errors.ts';
import { type TimelineFile, timelineSchema } from '../timeline/events.ts';
import { artifactPath, artifactsFolder, fromProjectRoot, PROJECT_ROOT } from './artifacts.ts';

/** Where the verdicts of all runs are. */
export const CLAIMS_FILE = join(PROJECT_ROOT, 'reports', 'claims.json');

/** File systems keep times more coarsely than the clock does, in ms. */
const FILE_TIME_PRECISION = 2_000;

/** A scenario of this run that left its timeline. */
export interface Recorded {
	readonly folder: string;
	readonly passed: boolean;
	readonly timeline: TimelineFile;
}

/** What the scenarios of one spec file left behind in this run. Timelines of earlier runs are not taken for this one's. */
export async function recordedBy(result: TestResult, runStart: number): Promise<Recorded[]> {
	const ran = result.testResults.filter(({ status }) => status === 'passed' || status === 'failed');
	const found = await Promise.all(
		ran.map(async ({ title, status }) => {
			const timeline = await readTimeline(artifactPath(result.testFilePath, title, 'timeline'), runStart);
			return timeline && { folder: artifactsFolder(result.testFilePath, title), passed: status === 'passed', timeline };
		}),
	);
	return found.filter((recorded) => recorded !== undefined);
}

async function readTimeline(path: string, writtenSince: number): Promise<TimelineFile | undefined> {
	const written = await stat(path).catch(() => undefined);
	if (written === undefined || written.mtimeMs < writtenSince - FILE_TIME_PRECISION) return undefined;
	try {
		return timelineSchema.parse(JSON.parse(await readFile(path, 'utf8')));
	} catch (error) {
		throw new HalfopenError('BAD_ARGUMENT', {
			problem: `${fromProjectRoot(path)} is not a timeline, so its verdicts are missing from this run`,
			seen: error instanceof ZodError ? prettifyError(error) : String(error),
			remedy: 'scenario() writes what docs/timeline.schema.json says; compare the two',
			cause: error,
		});
	}
}

/** The verdicts that count: a scenario that failed did not see what it was written for. */
export function verdictsIn(recorded: readonly Recorded[]): VerdictRow[] {
	return recorded.flatMap(({ passed, timeline }) => (passed ? verdictsOf(timeline) : []));
}
