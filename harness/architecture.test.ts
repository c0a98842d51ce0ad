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
	/** The import is of types only. It vanishes at compile time, so it is no dependency at run time. */
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
/** The engines: folders with a `runner.ts`. The other folders of `engines/` are shared by several engines. */
const engines = harness.flatMap((path) => /^harness\/engines\/([^/]+)\/runner\.ts$/.exec(path)?.[1] ?? []);
const imports = [...harness, ...specs, ...bench].flatMap(importsOf);

const isIn = (path: string, ...places: readonly string[]) =>
	places.some((place) => path === `harness/${place}` || path.startsWith(`harness/${place}/`));
const isBench = (path: string) => path.startsWith('bench/');
const isProjectFile = (path: string) => /^(harness|specs|bench)\//.test(path);
const isNodeModule = (of: string) => of.startsWith('node:') || builtinModules.includes(of);

/** Returns the imports that break a rule, as text. */
const breaking = (isAllowed: (one: Import) => boolean) =>
	imports.filter((one) => !isAllowed(one)).map(({ by, of }) => `${by} imports ${of}`);

test('every import of a project file was found, and the file exists', () => {
	expect(harness).toContain('harness/index.ts');
	expect(specs.length).toBeGreaterThan(0);
	expect(imports).toContainEqual({ by: 'harness/index.ts', of: 'harness/tcp/span.ts', typeOnly: false });
	expect(imports).toContainEqual({ by: 'harness/index.ts', of: 'harness/lab/host.ts', typeOnly: true });
	expect(breaking(({ of }) => !isProjectFile(of) || existsSync(join(PROJECT_ROOT, of)))).toEqual([]);
});

describe('formats, timeline, tcp, util/options.ts, util/nearest.ts and errors.ts', () => {
	const pure = ['formats', 'timeline', 'tcp', 'util/options.ts', 'util/nearest.ts', 'errors.ts'];
	const packages = ['zod', 'fastest-levenshtein'];
	const byPure = (isAllowed: (of: string) => boolean) => breaking(({ by, of }) => !isIn(by, ...pure) || isAllowed(of));

	test('import nothing above them, and only two packages, which are pure themselves', () => {
		expect(byPure((of) => isIn(of, ...pure) || packages.includes(of) || isNodeModule(of))).toEqual([]);
	});

	test('do no input or output: they import no module of Node', () => {
		expect(byPure((of) => !isNodeModule(of))).toEqual([]);
	});

	test('read no clock and use no random numbers', () => {
		const found = harness.filter(
			(path) =>
				isIn(path, ...pure) &&
				/\b(Date\.now|new Date|performance\.now|Math\.random)\b/.test(readFileSync(join(PROJECT_ROOT, path), 'utf8')),
		);
		expect(found).toEqual([]);
	});
});

describe('engines', () => {
	test.each(engines)('%s is imported only by run/, cli/ and the bench, and by no other engine', (engine) => {
		const own = `engines/${engine}`;
		expect(breaking(({ by, of }) => !isIn(of, own) || isIn(by, own, 'run', 'cli') || isBench(by))).toEqual([]);
	});

	test('are docker, netns and vm', () => {
		expect(engines.sort()).toEqual(['docker', 'netns', 'vm']);
	});

	test('and cli/ and the bench are the only ones to import the packages of engines', () => {
		const packages = ['dockerode', 'testcontainers'];
		expect(breaking(({ by, of }) => !packages.includes(of) || isIn(by, 'engines', 'cli') || isBench(by))).toEqual([]);
	});

	test('import nothing above them: no lab, no host, no probe, no report', () => {
		const known = ['engines', 'kernels', 'errors.ts', 'util', 'agent', 'tcp', 'timeline', 'formats'];
		expect(breaking(({ by, of }) => !isIn(by, 'engines') || !isProjectFile(of) || isIn(of, ...known))).toEqual([]);
	});
});

test('no code for labs reads this machine’s wall clock: hosts may be elsewhere, and it may be set', () => {
	// Ages of files and of indexes, a run's id, the date of a benchmark or a document.
	const calendar = ['kernels', 'cli', 'run/setup.ts', 'engines/vm/snapshots-folder.ts', 'util/remove-older.ts'];
	const found = harness.filter((path) =>
		/\b(Date\.now|new Date\(\)|timeOrigin)/.test(readFileSync(join(PROJECT_ROOT, path), 'utf8')),
	);
	expect(found.filter((path) => !isIn(path, ...calendar))).toEqual([]);
	expect(found.length).toBeGreaterThan(0);
});

test('kernels/ imports only errors.ts and util/', () => {
	expect(
		breaking(({ by, of }) => !isIn(by, 'kernels') || !isProjectFile(of) || isIn(of, 'kernels', 'errors.ts', 'util')),
	).toEqual([]);
});

test('a spec imports the public interface and nothing else', () => {
	expect(breaking(({ by, of }) => !by.startsWith('specs/') || of === 'harness/index.ts')).toEqual([]);
});

test('a spec names no engine', () => {
	const names = new RegExp(`\\b(${engines.join('|')}|containers?|namespaces?)\\b`, 'i');
	expect(specs.filter((path) => names.test(readFileSync(join(PROJECT_ROOT, path), 'utf8')))).toEqual([]);
});

test('no project file imports a spec, and nothing in the harness imports the public interface', () => {
	expect(breaking(({ of }) => !of.startsWith('specs/'))).toEqual([]);
	expect(breaking(({ by, of }) => !by.startsWith('harness/') || of !== 'harness/index.ts')).toEqual([]);
});

test('nothing outside the bench imports it', () => {
	expect(breaking(({ by, of }) => isBench(by) || !isBench(of))).toEqual([]);
	expect(bench).toContain('bench/bench.ts');
});

test('reports read recordings, and import no lab, host or engine', () => {
	const known = ['report', 'timeline', 'claims', 'formats', 'tcp', 'errors.ts', 'util'];
	expect(breaking(({ by, of }) => !isIn(by, 'report') || !isProjectFile(of) || isIn(of, ...known))).toEqual([]);
});

test('probes only record: they import no matcher, report, fault or peer', () => {
	expect(
		breaking(({ by, of }) => !isIn(by, 'probes') || !isIn(of, 'matchers', 'report', 'faults', 'peers', 'claims')),
	).toEqual([]);
});

test('only tests import what exists for tests', () => {
	expect(breaking(({ of }) => !isProjectFile(of) || !isTest(of))).toEqual([]);
	expect(breaking(({ of }) => of !== 'fast-check')).toEqual([]);
});

test('only engines, the runner, the commands and reports read the time or set timers', () => {
	const found = harness.filter(
		(path) =>
			!isIn(path, 'engines', 'run', 'cli', 'report', 'util/remove-older.ts') &&
			/\b(Date\.now|performance\.now|setTimeout|setInterval|timers\/promises)\b/.test(
				readFileSync(join(PROJECT_ROOT, path), 'utf8'),
			),
	);
	expect(found).toEqual([]);
});

/** Returns the first cycle that is found, as a path that ends where it began. */
function cycleIn(edges: ReadonlyMap<string, readonly string[]>): string[] | undefined {
	const done = new Set<string>();
	const visit = (path: string, ancestors: readonly string[]): string[] | undefined => {
		if (ancestors.includes(path)) return [...ancestors.slice(ancestors.indexOf(path)), path];
		if (done.has(path)) return undefined;
		done.add(path);
		for (const next of edges.get(path) ?? []) {
			const cycle = visit(next, [...ancestors, path]);
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
	test('form no cycle', () => {
		const edges = new Map(
			harness.map((path) => [path, imports.filter(({ by, typeOnly }) => by === path && !typeOnly).map(({ of }) => of)]),
		);
		expect(cycleIn(edges)).toBeUndefined();
	});

	test('would be found if they formed one', () => {
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
