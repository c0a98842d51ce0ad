import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { PROJECT_ROOT } from '../util/project-root.ts';

/** The last of many errors tells no more than the first. */
const MAX_LINES = 20;

/**
 * Types are stripped from a spec before it runs, so one that does not type-check may run all the same. Beside a run
 * that names specs, tsc checks the project; the returned function says what is wrong with those specs, if anything is,
 * once tsc is done. The state that tsc keeps makes all checks but the first quick.
 */
export function checkTypesOf(args: readonly string[]): () => Promise<string> {
	const named = args.filter((argument) => argument.startsWith('specs/'));
	if (named.length === 0) return async () => '';
	const checked = new Promise<string>((resolve) => {
		const state = join(PROJECT_ROOT, '.cache', 'specs.tsbuildinfo');
		const command = [
			join(PROJECT_ROOT, 'node_modules/typescript/bin/tsc'),
			'--noEmit',
			'--pretty',
			'false',
			'--incremental',
			'--tsBuildInfoFile',
			state,
		];
		const tsc = execFile(process.execPath, command, { cwd: PROJECT_ROOT }, (_, out) => resolve(out));
		process.once('exit', () => tsc.kill());
	});
	return async () => {
		const wrong = typeErrorsIn(await checked, named).slice(0, MAX_LINES);
		return wrong.length === 0
			? ''
			: '\nWhat ran does not type-check; types are not looked at when it ' +
					`runs:\n${wrong.map((line) => `  ${line}\n`).join('')}`;
	};
}

/** Lines of tsc about files whose path has one of these parts. */
export function typeErrorsIn(output: string, named: readonly string[]): string[] {
	return output
		.split('\n')
		.filter((line) => line.includes('error TS') && named.some((part) => line.split('(')[0]?.includes(part)));
}
