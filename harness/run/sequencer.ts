import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import type { Test } from '@jest/test-result';
import type sequencers from '@jest/test-sequencer';

// Jest itself requires this file. An import of the CommonJS default would differ between there and a module.
const { default: JestSequencer } = createRequire(import.meta.url)('@jest/test-sequencer') as {
	default: typeof sequencers.default;
};

/**
 * Sorts the test files: files that wait for a TIME-WAIT start first, since no other state of the kernel lasts longer.
 * The others keep Jest's order.
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
