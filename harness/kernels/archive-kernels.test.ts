import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { kernelNamed, kernelsAmong, newestFirst } from './archive-kernels.ts';
import type { ArchivePackage } from './packages.ts';

function packageOf(name: string, version: string, demands: readonly string[] = [], demanded = version): ArchivePackage {
	return {
		name,
		version,
		exact: demands.map((each) => ({ name: each, version: demanded })),
		size: 1,
	};
}

const filesOf = (packages: readonly ArchivePackage[]) =>
	kernelsAmong(packages, 'trixie').map(({ release, packages: parts }) => [release, ...parts.map(keyOf)]);
const keyOf = ({ name, version }: { readonly name: string; readonly version: string }) => `${name}=${version}`;

describe('the kernels among packages', () => {
	test('are the signed ones of flavour cloud', () => {
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

	test('are made of all that they demand in their own version, and of what that demands, each once', () => {
		expect(filesOf([base, modules, image, binary, packageOf(`linux-modules-${release}`, '7.2.12-2')])).toEqual([
			[release, ...[image, binary, modules, base].map(keyOf)],
		]);
	});

	test('do not include one of which a part is missing, or is of another version', () => {
		expect(filesOf([image, binary, base])).toEqual([]);
		expect(filesOf([image, binary, base, { ...modules, version: '7.2.13-1' }])).toEqual([]);
		expect(filesOf([image, binary, modules])).toEqual([]);
	});

	test('are one package each before 6.19, whatever became of its documents', () => {
		const whole = packageOf('linux-image-6.18.15-cloud-amd64', '6.18.15-1', ['linux-base-6.18.15-cloud-amd64']);
		expect(filesOf([whole])).toEqual([['6.18.15-cloud-amd64', keyOf(whole)]]);
	});

	test('do not include what is demanded in a version of its own', () => {
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
	])('%p means %p', (name, release) => {
		expect(kernelNamed(name, kernels)?.release).toBe(release);
	});

	test('means none of which there is a newer one in its series', () => {
		const numbers = fc.integer({ min: 0, max: 300 });
		fc.assert(
			fc.property(fc.uniqueArray(numbers, { minLength: 1 }), (patches) => {
				const all = patches.map((patch) => ({ release: `6.1.${patch}-cloud-amd64`, version: `6.1.${patch}-1` }));
				expect(kernelNamed('6.1', all)?.version).toBe(`6.1.${Math.max(...patches)}-1`);
			}),
		);
	});

	test('is looked for in an order that leaves the kernels as they were', () => {
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
