import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { kernelNamed, kernelsAmong, newestFirst } from './archive-kernels.ts';
import type { ArchivePackage } from './packages.ts';

function packageOf(
	name: string,
	version: string,
	depends: readonly string[] = [],
	dependency = version,
): ArchivePackage {
	return {
		name,
		version,
		exact: depends.map((each) => ({ name: each, version: dependency })),
		size: 1,
	};
}

const filesOf = (packages: readonly ArchivePackage[]) =>
	kernelsAmong(packages, 'trixie').map(({ release, packages: parts }) => [release, ...parts.map(keyOf)]);
const keyOf = ({ name, version }: { readonly name: string; readonly version: string }) => `${name}=${version}`;

describe('the kernels among packages', () => {
	test('are the signed ones of the flavour cloud', () => {
		const names = [
			'6.1.0-50-cloud-amd64',
			'6.1.0-50-amd64',
			'6.1.0-50-cloud-amd64-dbg',
			'6.1.0-50-cloud-amd64-unsigned',
			'cloud-amd64',
		];
		expect(
			kernelsAmong(
				names.map((name) => packageOf(`linux-image-${name}`, '6.1.176-1')),
				'bookworm',
			),
		).toEqual([
			{
				release: '6.1.0-50-cloud-amd64',
				version: '6.1.176-1',
				suite: 'bookworm',
				packages: [{ name: 'linux-image-6.1.0-50-cloud-amd64', version: '6.1.176-1', size: 1 }],
			},
		]);
	});

	const release = '7.2.12+deb13-cloud-amd64';
	const image = packageOf(`linux-image-${release}`, '7.2.12-1', [
		`linux-binary-${release}`,
		`linux-modules-${release}`,
	]);
	const binary = packageOf(`linux-binary-${release}`, '7.2.12-1', [`linux-base-${release}`]);
	const modules = packageOf(`linux-modules-${release}`, '7.2.12-1', [`linux-base-${release}`]);
	const base = packageOf(`linux-base-${release}`, '7.2.12-1', [`linux-image-${release}`]);

	test('consist of all packages that they depend on in exactly their version, transitively, each once', () => {
		expect(filesOf([base, modules, image, binary, packageOf(`linux-modules-${release}`, '7.2.12-2')])).toEqual([
			[release, ...[image, binary, modules, base].map(keyOf)],
		]);
	});

	test('do not include one with a missing part, or a part of another version', () => {
		expect(filesOf([image, binary, base])).toEqual([]);
		expect(filesOf([image, binary, base, { ...modules, version: '7.2.13-1' }])).toEqual([]);
		expect(filesOf([image, binary, modules])).toEqual([]);
	});

	test('before 6.19 consist of one package, even if that of its documents is missing', () => {
		const whole = packageOf('linux-image-6.18.15-cloud-amd64', '6.18.15-1', ['linux-base-6.18.15-cloud-amd64']);
		expect(filesOf([whole])).toEqual([['6.18.15-cloud-amd64', keyOf(whole)]]);
	});

	test('do not include dependencies on another version', () => {
		const kernel = packageOf('linux-image-6.1.0-50-cloud-amd64', '6.1.176-1', ['firmware'], '2023-1');
		expect(filesOf([kernel, packageOf('firmware', '2023-1')])).toEqual([['6.1.0-50-cloud-amd64', keyOf(kernel)]]);
	});
});

describe('a name', () => {
	const kernels = [
		{ release: '6.1.0-9-cloud-amd64', version: '6.1.27-1' },
		{ release: '6.1.0-50-cloud-amd64', version: '6.1.176-1' },
		{ release: '6.12.107+deb13-cloud-amd64', version: '6.12.107-1' },
		{ release: '6.12.94+deb13-cloud-amd64', version: '6.12.94-1' },
	];

	test.each([
		['6.1', '6.1.0-50-cloud-amd64'],
		['6.12', '6.12.107+deb13-cloud-amd64'],
		['6.1.0-9-cloud-amd64', '6.1.0-9-cloud-amd64'],
		['6', undefined],
		['6.1.0', undefined],
		['6.11', undefined],
		['', undefined],
	])('%p stands for %p', (name, release) => {
		expect(kernelNamed(name, kernels)?.release).toBe(release);
	});

	test('of a series stands for its newest kernel', () => {
		const numbers = fc.integer({ min: 0, max: 300 });
		fc.assert(
			fc.property(fc.uniqueArray(numbers, { minLength: 1 }), (patches) => {
				const all = patches.map((patch) => ({ release: `6.1.${patch}-cloud-amd64`, version: `6.1.${patch}-1` }));
				expect(kernelNamed('6.1', all)?.version).toBe(`6.1.${Math.max(...patches)}-1`);
			}),
		);
	});

	test('is resolved without changing the order of the given kernels', () => {
		const before = structuredClone(kernels);
		expect(newestFirst(kernels).map(({ version }) => version)).toEqual([
			'6.12.107-1',
			'6.12.94-1',
			'6.1.176-1',
			'6.1.27-1',
		]);
		expect(kernels).toEqual(before);
	});
});
