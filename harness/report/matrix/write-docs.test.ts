import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { HalfopenError } from '../../errors.ts';
import { PROJECT_ROOT } from '../../util/project-root.ts';
import { anyText } from './fixtures/arbitrary.ts';
import { sample } from './fixtures/sample.ts';
import { renderMarkdown } from './markdown.ts';
import { durationsTable } from './markdown-durations.ts';
import { durationsIn, SHOWN, withDurations, writeDocs } from './write-docs.ts';

/** The part of a page that is visible without scrolling. */
const FIRST_SCREEN_LINES = 40;

describe('docs/matrix.md and the README; to update them: npm run matrix -- --docs', () => {
	test('have the same durations, and the README has them on its first screen', async () => {
		const [readme, docs] = await Promise.all(
			['README.md', 'docs/matrix.md'].map((path) => readFile(join(PROJECT_ROOT, path), 'utf8')),
		);
		const table = durationsIn(readme ?? '').split('\n');
		expect(table.length).toBeGreaterThan(2);
		expect(docs?.split('\n')).toEqual(expect.arrayContaining(table));
		const firstScreen = readme?.split('\n').slice(0, FIRST_SCREEN_LINES).join('\n');
		expect(firstScreen).toContain(table.join('\n'));
		expect(firstScreen).toContain('](docs/matrix.md)');
	});

	test('show only durations that specs measure', async () => {
		const names = (await readdir(join(PROJECT_ROOT, 'specs'), { recursive: true })).filter((name) =>
			name.endsWith('.spec.ts'),
		);
		const sources = (await Promise.all(names.map((name) => readFile(join(PROJECT_ROOT, 'specs', name), 'utf8')))).join(
			'\n',
		);
		expect(SHOWN.filter((what) => !sources.includes(`measured('${what}',`))).toEqual([]);
	});
});

describe('writing them', () => {
	let project: string;
	const readme = 'before\n<!-- durations: npm run matrix -- --docs -->\nold\n<!-- end of durations -->\nafter\n';
	beforeEach(async () => {
		project = await mkdtemp(join(tmpdir(), 'halfopen-docs-'));
		await mkdir(join(project, 'docs'));
		await writeFile(join(project, 'README.md'), readme);
	});
	afterEach(() => rm(project, { recursive: true }));

	const written = async () => ({
		readme: await readFile(join(project, 'README.md'), 'utf8'),
		docs: await readdir(join(project, 'docs')),
	});

	test('replaces the text between the markers, and nothing else', async () => {
		await writeDocs(sample(), project);
		const { readme: now } = await written();
		expect(now).toMatch(
			/^before\n<!-- durations[^\n]+-->\n\n\| seconds [\s\S]*\|\n\n<!-- end of durations -->\nafter\n$/,
		);
		expect(durationsIn(now)).toBe(durationsTable(sample(), SHOWN));
		expect(durationsIn(now)).not.toContain('keepalive');
		expect(await readFile(join(project, 'docs', 'matrix.md'), 'utf8')).toBe(renderMarkdown(sample()));
	});

	test('is rejected if none of the durations was measured, and changes nothing', async () => {
		await expect(writeDocs({ ...sample(), durations: [] }, project)).rejects.toMatchObject({
			code: 'RESULTS_MISSING',
			seen: expect.stringMatching(/docker 6\.18\.44[\s\S]*TIME-WAIT/),
		});
		expect(await written()).toEqual({ readme, docs: [] });
	});

	test('is rejected if the README has no place for them', async () => {
		await writeFile(join(project, 'README.md'), 'nothing');
		await expect(writeDocs(sample(), project)).rejects.toMatchObject({
			code: 'MARKER_MISSING',
			problem: expect.stringContaining('no place'),
		});
		expect((await written()).docs).toEqual([]);
	});
});

test('any README has a place for a table, or is rejected', () => {
	const marks = fc.constantFrom('<!-- durations: npm run matrix -- --docs -->', '<!-- end of durations -->');
	const anyReadme = fc.array(fc.oneof(marks, anyText), { maxLength: 6 }).map((pieces) => pieces.join('\n'));
	fc.assert(
		fc.property(anyReadme, (text) => {
			try {
				const once = withDurations(text, '| table |');
				expect(durationsIn(once)).toBe('| table |');
				expect(withDurations(once, '| table |')).toBe(once);
			} catch (error) {
				expect(error).toBeInstanceOf(HalfopenError);
			}
		}),
	);
});
