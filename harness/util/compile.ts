import { readdir } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { HalfopenError } from '../errors.ts';
import { runCommand } from './run-command.ts';

/** A statically linked program runs in any root file system. */
const FLAGS = ['-static', '-O2', '-Wall', '-Wextra', '-Werror', '-pthread'];

/** Compiles a program of C sources with `cc`. Rejects with SETUP_FAILED and the compiler's output. */
export async function compile(target: string, sources: readonly string[]): Promise<void> {
	const { succeeded, err } = await runCommand(['cc', ...FLAGS, '-o', target, ...sources]);
	if (succeeded) return;
	throw new HalfopenError('SETUP_FAILED', {
		problem: `${basename(target)} could not be compiled.`,
		seen: err,
		remedy: 'Install a C compiler and the static C library: `apt-get install gcc libc6-dev`.',
	});
}

/** Returns the paths of the C sources in a folder. */
export async function sourcesIn(folder: string): Promise<string[]> {
	return (await readdir(folder))
		.filter((name) => name.endsWith('.c'))
		.sort()
		.map((name) => join(folder, name));
}
