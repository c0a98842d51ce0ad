import { open } from 'node:fs/promises';
import { join } from 'node:path';
import type { Run } from './engine.ts';

/**
 * The next number for a lab of this run, never given twice, whichever worker asks: Jest evaluates modules anew for each
 * spec file, so what must be unique in a run is settled by the file system.
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
