import { readFile } from 'node:fs/promises';
import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { peakMib } from './memory.ts';

describe('the most that a process has had in memory', () => {
	test('is in its status, in KiB', () => {
		expect(peakMib('Name:\tqemu-system-x86\nVmPeak:\t 2145396 kB\nVmHWM:\t  718848 kB\nVmRSS:\t  459372 kB\n')).toBe(
			702,
		);
	});

	test('is not said of what has no memory of its own', () => {
		expect(peakMib('Name:\tkthreadd\nState:\tS (sleeping)\n')).toBe(0);
	});

	test('is found in the status of a real process', async () => {
		expect(peakMib(await readFile('/proc/self/status', 'utf8'))).toBeGreaterThan(1);
	});

	test('is a number, whatever is read', () => {
		fc.assert(
			fc.property(
				fc.string(),
				(text) => Number.isFinite(peakMib(text)) && Number.isFinite(peakMib(`VmHWM:\t${text} kB`)),
			),
		);
	});
});
