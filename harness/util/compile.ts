import { readdir } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { execa } from 'execa';
import { HalfopenError } from '../errors.ts';

/** Linked statically, a program runs in any root file system. */
const FLAGS = ['-static', '-O2', '-Wall', '-Wextra', '-Werror', '-pthread'];

/** Compiles a program of C sources with `cc`. Rejects with SETUP_FAILED and the compiler's output. */
export async function compile(target: string, sources: readonly string[]): Promise<void> {
	const { failed, all, shortMessage } = await execa('cc', [...FLAGS, '-o', target, ...sources], {
		reject: false,
		all: true,
	});
	if (!failed) return;
	throw new HalfopenError('SETUP_FAILED', {
		problem: `${basename(target)} could not be compiled.`,
		seen: all || shortMessage || '',
		remedy: 'Install a C compiler and the static C library: `apt-get install gcc libc6-dev`.',
	});
}

/** The C sources of a folder, as paths. */
export async function sourcesIn(folder: string): Promise<string[]> {
	return (await readdir(folder))
		.filter((name) => name.endsWith('.c'))
		.sort()
		.map((name) => join(folder, name));
}
