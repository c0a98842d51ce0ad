import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { builtinModules } from 'node:module';
import { dirname, join, normalize } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { parseSync } from '@swc/core';
import { PROJECT_ROOT } from './util/project-root.ts';

interface Import {
	/** The importing file, from the project's root. */
	readonly by: string;
	/** The imported file from the project's root, or the package as it is named: `zod`, `node:fs`. */
	readonly of: string;
	/** It vanishes when it is compiled, so that it ties nothing together at run time. */
	readonly typeOnly: boolean;
}

function sourcesIn(folder: string): string[] {
	const names = readdirSync(join(PROJECT_ROOT, folder), { recursive: true, encoding: 'utf8' });
	return names.filter((name) => name.endsWith('.ts')).map((name) => join(folder, name));
}

function importsOf(path: string): Import[] {
	const text = readFileSync(join(PROJECT_ROOT, path), 'utf8');
	const { body } = parseSync(text, { syntax: 'typescript', target: 'es2023' });
	const found = body.flatMap((item): { source: string; typeOnly: boolean }[] => {
		if (item.type === 'ImportDeclaration') return [{ source: item.source.value, typeOnly: item.typeOnly }];
		if (item.type === 'ExportAllDeclaration') return [{ source: item.source.value, typeOnly: false }];
		if (item.type !== 'ExportNamedDeclaration' || !item.source) return [];
		return [{ source: item.source.value, typeOnly: 'typeOnly' in item && item.typeOnly === true }];
	});
	const dynamic = [...text.matchAll(/\bimport\(\s*'([^']+)'/g)].map(([, source = '']) => ({ source, typeOnly: false }));
	return [...found, ...dynamic].map(({ source, typeOnly }) => ({
		by: path,
		of: source.startsWith('.') ? normalize(join(dirname(path), source)) : source,
		typeOnly,
	}));
}

const isTest = (path: string) => /\.test\.ts$|(^|\/)fixtures?(\.ts$|\/)/.test(path);

const harness = sourcesIn('harness').filter((path) => !isTest(path));
const specs = sourcesIn('specs');
const bench = sourcesIn('bench').filter((path) => !isTest(path));
/**
 * Each has a folder of its own, with its face for the runner; what is below engines without that, some of them share.
 */
const engines = harness.flatMap((path) => /^harness\/engines\/([^/]+)\/runner\.ts$/.exec(path)?.[1] ?? []);
const imports = [...harness, ...specs, ...bench].flatMap(importsOf);

const isIn = (path: string, ...places: readonly string[]) =>
	places.some((place) => path === `harness/${place}` || path.startsWith(`harness/${place}/`));
const isBench = (path: string) => path.startsWith('bench/');
const isOurs = (path: string) => /^(harness|specs|bench)\//.test(path);
const isNodes = (of: string) => of.startsWith('node:') || builtinModules.includes(of);

/** Imports that break a rule, as a reader wants to see them. */
const breaking = (isAllowed: (one: Import) => boolean) =>
	imports.filter((one) => !isAllowed(one)).map(({ by, of }) => `${by} imports ${of}`);

test('every import of ours was found, and is of a file that there is', () => {
	expect(harness).toContain('harness/index.ts');
	expect(specs.length).toBeGreaterThan(0);
	expect(imports).toContainEqual({ by: 'harness/index.ts', of: 'harness/tcp/span.ts', typeOnly: false });
	expect(imports).toContainEqual({ by: 'harness/index.ts', of: 'harness/lab/host.ts', typeOnly: true });
	expect(breaking(({ of }) => !isOurs(of) || existsSync(join(PROJECT_ROOT, of)))).toEqual([]);
});

describe('formats, timeline, tcp, util/options.ts, util/nearest.ts and errors.ts', () => {
	const pure = ['formats', 'timeline', 'tcp', 'util/options.ts', 'util/nearest.ts', 'errors.ts'];
	const packages = ['zod', 'fastest-levenshtein'];
	const byPure = (isAllowed: (of: string) => boolean) => breaking(({ by, of }) => !isIn(by, ...pure) || isAllowed(of));

	test('know nothing above them, and no package but two that are pure themselves', () => {
		expect(byPure((of) => isIn(of, ...pure) || packages.includes(of) || isNodes(of))).toEqual([]);
	});

	test('do no input or output, and ask the machine for nothing', () => {
		expect(byPure((of) => !isNodes(of))).toEqual([]);
	});

	test('ask neither the machine for the time nor chance for a number', () => {
		const asking = harness.filter(
			(path) =>
				isIn(path, ...pure) &&
				/\b(Date\.now|new Date|performance\.now|Math\.random)\b/.test(readFileSync(join(PROJECT_ROOT, path), 'utf8')),
		);
		expect(asking).toEqual([]);
	});
});

describe('engines', () => {
	test.each(engines)(
		'%s is known by name only to what runs the project: nothing else imports it, no other engine either',
		(engine) => {
			const own = `engines/${engine}`;
			expect(breaking(({ by, of }) => !isIn(of, own) || isIn(by, own, 'run', 'cli') || isBench(by))).toEqual([]);
		},
	);

	test('there are some', () => {
		expect(engines.sort()).toEqual(['docker', 'netns', 'vm']);
	});

	test('and their packages are imported by nobody else', () => {
		const packages = ['dockerode', 'testcontainers'];
		expect(breaking(({ by, of }) => !packages.includes(of) || isIn(by, 'engines', 'cli') || isBench(by))).toEqual([]);
	});

	test('know nothing above them: of the lab, the hosts, the probes, the reports', () => {
		const known = ['engines', 'kernels', 'errors.ts', 'util', 'agent', 'tcp', 'timeline', 'formats'];
		expect(breaking(({ by, of }) => !isIn(by, 'engines') || !isOurs(of) || isIn(of, ...known))).toEqual([]);
	});
});

test(
	'this machine’s wall clock is asked by nobody who serves labs: their hosts may be on another machine, and it may ' +
		'be set',
	() => {
		// Ages of files and of indexes, a run's id, when a benchmark or a document was made.
		const calendar = ['kernels', 'cli', 'run/setup.ts', 'engines/vm/snapshots-folder.ts'];
		const asking = harness.filter((path) =>
			/\b(Date\.now|new Date\(\)|timeOrigin)/.test(readFileSync(join(PROJECT_ROOT, path), 'utf8')),
		);
		expect(asking.filter((path) => !isIn(path, ...calendar))).toEqual([]);
		expect(asking.length).toBeGreaterThan(0);
	},
);

test('kernels are fetched and prepared without knowing for whom', () => {
	expect(
		breaking(({ by, of }) => !isIn(by, 'kernels') || !isOurs(of) || isIn(of, 'kernels', 'errors.ts', 'util')),
	).toEqual([]);
});

test('a spec imports the public face and nothing else', () => {
	expect(breaking(({ by, of }) => !by.startsWith('specs/') || of === 'harness/index.ts')).toEqual([]);
});

test('a spec names no engine', () => {
	const names = new RegExp(`\\b(${engines.join('|')}|containers?|namespaces?)\\b`, 'i');
	expect(specs.filter((path) => names.test(readFileSync(join(PROJECT_ROOT, path), 'utf8')))).toEqual([]);
});

test('nothing of ours imports a spec, and nothing inside the harness its public face', () => {
	expect(breaking(({ of }) => !of.startsWith('specs/'))).toEqual([]);
	expect(breaking(({ by, of }) => !by.startsWith('harness/') || of !== 'harness/index.ts')).toEqual([]);
});

test('the bench measures the harness, which knows nothing of it', () => {
	expect(breaking(({ by, of }) => isBench(by) || !isBench(of))).toEqual([]);
	expect(bench).toContain('bench/bench.ts');
});

test('reports read what was recorded, and know nothing of labs, hosts and engines', () => {
	const known = ['report', 'timeline', 'claims', 'formats', 'tcp', 'errors.ts', 'util'];
	expect(breaking(({ by, of }) => !isIn(by, 'report') || !isOurs(of) || isIn(of, ...known))).toEqual([]);
});

test('probes only record: they know no matcher, no report, no fault, no peer', () => {
	expect(
		breaking(({ by, of }) => !isIn(by, 'probes') || !isIn(of, 'matchers', 'report', 'faults', 'peers', 'claims')),
	).toEqual([]);
});

test('what is for tests only is imported by tests only', () => {
	expect(breaking(({ of }) => !isOurs(of) || !isTest(of))).toEqual([]);
	expect(breaking(({ of }) => of !== 'fast-check')).toEqual([]);
});

test('only the clocks of engines, the runner and the tools ask the machine for the time', () => {
	const asking = harness.filter(
		(path) =>
			!isIn(path, 'engines', 'run', 'cli', 'report') &&
			/\b(Date\.now|performance\.now|setTimeout|setInterval|timers\/promises)\b/.test(
				readFileSync(join(PROJECT_ROOT, path), 'utf8'),
			),
	);
	expect(asking).toEqual([]);
});

/** The first cycle that is found, as a path that ends where it began. */
function cycleIn(edges: ReadonlyMap<string, readonly string[]>): string[] | undefined {
	const done = new Set<string>();
	const visit = (path: string, way: readonly string[]): string[] | undefined => {
		if (way.includes(path)) return [...way.slice(way.indexOf(path)), path];
		if (done.has(path)) return undefined;
		done.add(path);
		for (const next of edges.get(path) ?? []) {
			const cycle = visit(next, [...way, path]);
			if (cycle) return cycle;
		}
		return undefined;
	};
	for (const path of edges.keys()) {
		const cycle = visit(path, []);
		if (cycle) return cycle;
	}
	return undefined;
}

describe('imports at run time', () => {
	test('go round in no circle', () => {
		const edges = new Map(
			harness.map((path) => [path, imports.filter(({ by, typeOnly }) => by === path && !typeOnly).map(({ of }) => of)]),
		);
		expect(cycleIn(edges)).toBeUndefined();
	});

	test('would be seen if they did', () => {
		expect(
			cycleIn(
				new Map([
					['a', ['b']],
					['b', ['c']],
					['c', ['b']],
				]),
			),
		).toEqual(['b', 'c', 'b']);
	});
});
