import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { PROJECT_ROOT } from '../util/project-root.ts';
import {
	artifactPath,
	artifactsFolder,
	environmentFolder,
	fromProjectRoot,
	type ScenarioIdentity,
	slugOf,
	specName,
} from './artifacts.ts';

const identity = (changes: Partial<ScenarioIdentity> = {}): ScenarioIdentity => ({
	engine: 'docker',
	kernel: { release: '6.18.44' },
	spec: 'specs/puzzlers/power-off.spec.ts',
	scenario: 'the peer never comes back',
	...changes,
});
const folderOf = (changes?: Partial<ScenarioIdentity>) => fromProjectRoot(artifactsFolder(identity(changes)));

describe('the folder of a scenario', () => {
	test('is named after engine and kernel, spec file, and title', () => {
		const folder = 'reports/docker-6.18.44/specs/puzzlers/power-off.spec.ts/the-peer-never-comes-back';
		expect(folderOf()).toBe(folder);
		expect(folderOf({ spec: join(PROJECT_ROOT, 'specs/puzzlers/power-off.spec.ts') })).toBe(folder);
		expect(fromProjectRoot(artifactPath(identity(), 'client'))).toBe(`${folder}/client.pcap`);
	});

	test('has the family of addresses, unless that is IPv4', () => {
		expect(folderOf({ family: 'ipv6' })).toMatch(/^reports\/docker-ipv6-6\.18\.44\//);
		expect(folderOf({ family: 'ipv4' })).toBe(folderOf());
	});

	test('is different on another engine or kernel, whatever their names are', () => {
		const environments = [
			{ engine: 'docker', kernel: '6.18.44' },
			{ engine: 'vm', kernel: '6.18.44' },
			{ engine: 'vm', kernel: '6.1.0-50-cloud-amd64' },
			{ engine: 'vm', kernel: '../../6.1' },
			{ engine: 'vm', kernel: '../../6/1' },
		];
		const folders = environments.map((environment) => fromProjectRoot(environmentFolder(environment)));
		expect(new Set(folders).size).toBe(environments.length);
		for (const folder of folders) expect(folder).toMatch(/^reports\/[\w.+~-]+$/);
	});

	test(
		'is different for another spec file, even if a folder has the name of another file, or if both have the same ' +
			'name in reports',
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
			// Replacing a folder removes its content, so no folder may contain another one.
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

	test('is a single name that every file system accepts', () => {
		fc.assert(fc.property(title, (one) => /^[a-z0-9]+(-[a-z0-9]+)*$/.test(slugOf(one)) && slugOf(one).length <= 100));
	});

	test('is different for each title', () => {
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
	])('is different for %j and %j', (one, other) => {
		expect(slugOf(one)).not.toBe(slugOf(other));
	});

	test('differs from that of a title that ends like the hash of another', () => {
		const hashed = slugOf('SYN lost');
		expect(hashed).toMatch(/^syn-lost-[0-9a-f]{8}$/);
		expect(slugOf(hashed.replaceAll('-', ' '))).not.toBe(hashed);
	});
});
