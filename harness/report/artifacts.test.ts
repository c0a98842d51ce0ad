import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { PROJECT_ROOT } from '../util/project-root.ts';
import {
	artifactPath,
	artifactsFolder,
	environmentFolder,
	fromProjectRoot,
	type Identity,
	slugOf,
	specName,
} from './artifacts.ts';

const identity = (changes: Partial<Identity> = {}): Identity => ({
	engine: 'docker',
	kernel: { release: '6.18.44' },
	spec: 'specs/puzzlers/power-off.spec.ts',
	scenario: 'the peer never comes back',
	...changes,
});
const folderOf = (changes?: Partial<Identity>) => fromProjectRoot(artifactsFolder(identity(changes)));

describe('where a scenario leaves its files', () => {
	test('is by engine and kernel, by spec file, by title', () => {
		const folder = 'reports/docker-6.18.44/specs/puzzlers/power-off.spec.ts/the-peer-never-comes-back';
		expect(folderOf()).toBe(folder);
		expect(folderOf({ spec: join(PROJECT_ROOT, 'specs/puzzlers/power-off.spec.ts') })).toBe(folder);
		expect(fromProjectRoot(artifactPath(identity(), 'client'))).toBe(`${folder}/client.pcap`);
	});

	test('is another on another engine and kernel, whatever these are called', () => {
		const places = [
			{ engine: 'docker', kernel: '6.18.44' },
			{ engine: 'vm', kernel: '6.18.44' },
			{ engine: 'vm', kernel: '6.1.0-50-cloud-amd64' },
			{ engine: 'vm', kernel: '../../6.1' },
			{ engine: 'vm', kernel: '../../6/1' },
		];
		const folders = places.map((place) => fromProjectRoot(environmentFolder(place)));
		expect(new Set(folders).size).toBe(places.length);
		for (const folder of folders) expect(folder).toMatch(/^reports\/[\w.+~-]+$/);
	});

	test(
		'is another for another spec file, also where one folder’s name is another file’s, or the name in reports is ' +
			'the same',
		() => {
			const specs = [
				'specs/a-b.spec.ts',
				'specs/a/b.spec.ts',
				'specs/a.spec.ts',
				'harness/x.lab.test.ts',
				'specs/harness/x.spec.ts',
			];
			const folders = specs.flatMap((spec) => ['b', 'a b'].map((scenario) => folderOf({ spec, scenario })));
			expect(new Set(folders).size).toBe(folders.length);
			// Replacing one removes what is in it: so none may be in another one.
			for (const folder of folders) expect(folders.filter((other) => other.startsWith(`${folder}/`))).toEqual([]);
			expect(specName('specs/harness/x.spec.ts')).toBe(specName('harness/x.lab.test.ts'));
		},
	);
});

describe('a title as a folder', () => {
	const title = fc.oneof(
		fc.string(),
		fc.string({ unit: 'binary', maxLength: 400 }),
		fc
			.array(fc.constantFrom('a', 'A', 'ä', ' ', '-', '>', '<', '\ud800', '\ud801', '1f3a9c2d'))
			.map((pieces) => pieces.join('')),
	);

	test('is one name that every disk takes', () => {
		fc.assert(fc.property(title, (one) => /^[a-z0-9]+(-[a-z0-9]+)*$/.test(slugOf(one)) && slugOf(one).length <= 100));
	});

	test('is another for each title', () => {
		fc.assert(fc.property(title, title, (one, other) => one === other || slugOf(one) !== slugOf(other)));
	});

	test.each([
		['SYN > lost', 'SYN < lost'],
		['syn lost', 'SYN lost'],
		['syn lost', 'syn  lost'],
		['syn lost', 'syn-lost'],
		['syn lost', ' syn lost'],
		['\u00e9', 'e\u0301'],
		['>', '<'],
		['', ' '],
		['\ud800', '\ud801'],
		[`${'long '.repeat(60)}one`, `${'long '.repeat(60)}two`],
	])('is another for %j and %j', (one, other) => {
		expect(slugOf(one)).not.toBe(slugOf(other));
	});

	test('cannot be forged by a title that ends as another one’s hash', () => {
		const hashed = slugOf('SYN lost');
		expect(hashed).toMatch(/^syn-lost-[0-9a-f]{8}$/);
		expect(slugOf(hashed.replaceAll('-', ' '))).not.toBe(hashed);
	});
});
