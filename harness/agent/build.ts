import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { execa } from 'execa';
import { HalfopenError } from '../errors.ts';

const HERE = fileURLToPath(new URL('.', import.meta.url));

/**
 * What the image's first stage runs too, in this folder: `cc -static -O2 -Wall -Wextra -Werror -pthread -o <target>
 * agent.c src/*.c`.
 */
const FLAGS = ['-static', '-O2', '-Wall', '-Wextra', '-Werror', '-pthread'];

/**
 * Compiles the agent with `cc` (or another compiler, such as `musl-gcc`) to the path `target`. Rejects with
 * SETUP_FAILED and the compiler's words.
 */
export async function buildAgent(target: string, { compiler = 'cc' }: { compiler?: string } = {}): Promise<void> {
	const parts = (await readdir(join(HERE, 'src'))).filter((name) => name.endsWith('.c')).sort();
	const sources = [join(HERE, 'agent.c'), ...parts.map((name) => join(HERE, 'src', name))];
	const result = await execa(compiler, [...FLAGS, '-o', target, ...sources], { reject: false, all: true });
	if (!result.failed) return;
	throw new HalfopenError('SETUP_FAILED', {
		problem: 'the agent could not be compiled',
		seen: result.all || result.shortMessage,
		remedy: 'install a C compiler with the static C library: apt-get install gcc libc6-dev, or musl-tools and musl-gcc',
		cause: result,
	});
}
