import { readFile } from 'node:fs/promises';
import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { peakMib } from './memory.ts';

describe('the peak memory of a process', () => {
	test('is read from its status', () => {
		expect(peakMib('Name:\tqemu-system-x86\nVmPeak:\t 2145396 kB\nVmHWM:\t  718848 kB\nVmRSS:\t  459372 kB\n')).toBe(
			702,
		);
	});

	test('is 0 for a kernel thread', () => {
		expect(peakMib('Name:\tkthreadd\nState:\tS (sleeping)\n')).toBe(0);
	});

	test('is read from the status of a real process', async () => {
		expect(peakMib(await readFile('/proc/self/status', 'utf8'))).toBeGreaterThan(1);
	});

	test('is a number for any text', () => {
		fc.assert(
			fc.property(
				fc.string(),
				(text) => Number.isFinite(peakMib(text)) && Number.isFinite(peakMib(`VmHWM:\t${text} kB`)),
			),
		);
	});
});
