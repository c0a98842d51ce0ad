import { join } from 'node:path';
import { PROJECT_ROOT } from '../util/project-root.ts';
import { runCommand } from '../util/run-command.ts';

/** The maximum number of errors that are shown. */
const MAX_LINES = 20;

/**
 * Starts tsc to type-check the specs that the arguments name, while they run. Types are stripped before a spec runs, so
 * a spec with type errors may run. The returned function resolves with a message about the errors in these specs, which
 * is empty if there are none. tsc saves its state, so only the first check is slow.
 */
export function checkTypesOf(args: readonly string[]): () => Promise<string> {
	const named = args.filter((argument) => argument.startsWith('specs/'));
	if (named.length === 0) return async () => '';
	const tsc = join(PROJECT_ROOT, 'node_modules/typescript/bin/tsc');
	const state = join(PROJECT_ROOT, '.cache', 'specs.tsbuildinfo');
	const options = ['--noEmit', '--pretty', 'false', '--incremental', '--tsBuildInfoFile', state];
	const exit = new AbortController();
	process.once('exit', () => exit.abort());
	const checked = runCommand([process.execPath, tsc, ...options], { cwd: PROJECT_ROOT, signal: exit.signal });
	return async () => {
		const errors = typeErrorsIn((await checked).out, named).slice(0, MAX_LINES);
		if (errors.length === 0) return '';
		const lines = errors.map((line) => `  ${line}\n`).join('');
		return `\nThe specs that ran have type errors (types are not checked when a spec runs):\n${lines}`;
	};
}

/** Returns the lines of tsc's output about files whose path contains one of these parts. */
export function typeErrorsIn(output: string, named: readonly string[]): string[] {
	return output
		.split('\n')
		.filter((line) => line.includes('error TS') && named.some((part) => line.split('(')[0]?.includes(part)));
}
