import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { artifactPath, artifactsFolder, fromProjectRoot, PROJECT_ROOT, slugOf } from './artifacts.ts';

describe('where a scenario leaves its files', () => {
	test.each([
		['specs/puzzlers/power-off.spec.ts', 'reports/puzzlers/power-off/the-peer-never-comes-back'],
		[join(PROJECT_ROOT, 'specs/puzzlers/power-off.spec.ts'), 'reports/puzzlers/power-off/the-peer-never-comes-back'],
		['harness/faults/link.lab.test.ts', 'reports/harness/faults/link/the-peer-never-comes-back'],
	])('%s', (spec, folder) => {
		expect(fromProjectRoot(artifactsFolder(spec, 'The peer: never comes back!'))).toBe(folder);
	});

	test('names its files', () => {
		expect(fromProjectRoot(artifactPath('specs/a.spec.ts', 'b', 'client'))).toBe('reports/a/b/client.pcap');
	});

	test('has names that are folders, and different where long titles differ only at their ends', () => {
		fc.assert(fc.property(fc.oneof(fc.string(), fc.string({ unit: 'grapheme' })), (title) => /^[a-z0-9][a-z0-9-]{0,100}$/.test(slugOf(title))));
		const long = 'the client keeps its socket open '.repeat(5);
		expect(slugOf(`${long}one`)).not.toBe(slugOf(`${long}two`));
	});
});
