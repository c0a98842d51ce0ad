import type { TestResult } from '@jest/reporters';
import type { TimelineFile } from '../timeline/timeline-file.ts';
import { artifactsFolder } from './artifacts.ts';
import type { Cost } from './cost.ts';
import { takeResults } from './scenario-results.ts';

/** A scenario of this run that has written its timeline. */
export interface RecordedScenario {
	readonly folder: string;
	readonly passed: boolean;
	readonly timeline: TimelineFile;
	readonly cost: Cost;
}

/**
 * Returns what the scenarios of one spec file recorded in this run, in the order of the file. A second call returns
 * nothing, because the first removes the results.
 */
export async function recordedScenarios({ testFilePath, testResults }: TestResult): Promise<RecordedScenario[]> {
	const results = await takeResults(testFilePath);
	return testResults.flatMap(({ title, status }) => {
		const found = results.find(({ timeline }) => timeline.scenario === title);
		return found ? [{ ...found, folder: artifactsFolder(found.timeline), passed: status === 'passed' }] : [];
	});
}
