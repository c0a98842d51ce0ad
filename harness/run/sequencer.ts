import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import type { Test } from '@jest/test-result';
import type sequencers from '@jest/test-sequencer';

// Jest itself requires this file; an import of its CommonJS default would mean one thing there and another in a module.
const { default: JestSequencer } = createRequire(import.meta.url)('@jest/test-sequencer') as {
	default: typeof sequencers.default;
};

/**
 * In which order Jest starts the files: those that wait out a TIME-WAIT first, since nothing in the kernel lasts
 * longer; the others as Jest would.
 */
export default class Sequencer extends JestSequencer {
	override async sort(tests: Test[]): Promise<Test[]> {
		const sorted = await super.sort(tests);
		return [...sorted].sort((a, b) => Number(waitsLong(b)) - Number(waitsLong(a)));
	}
}

function waitsLong({ path }: Test): boolean {
	return path.endsWith('.spec.ts') && readFileSync(path, 'utf8').includes('timeWait(');
}
