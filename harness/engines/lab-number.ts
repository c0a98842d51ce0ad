import { open } from 'node:fs/promises';
import { join } from 'node:path';
import type { Run } from './engine.ts';

/**
 * Returns the next number for a lab of this run. No number is returned twice, in any worker: Jest evaluates modules
 * again for each spec file, so the numbers are allocated as files.
 */
export async function takeLabNumber(run: Run): Promise<number> {
	for (let number = 1; ; number++) {
		try {
			await (await open(join(run.directory, `lab-${number}`), 'wx')).close();
			return number;
		} catch (error) {
			if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
		}
	}
}
