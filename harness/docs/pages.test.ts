import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { ERROR_CODES } from '../errors.ts';
import { eventSchema } from '../timeline/events.ts';
import { timelineSchema } from '../timeline/timeline-file.ts';
import { PROJECT_ROOT } from '../util/project-root.ts';

const read = (path: string) => readFileSync(join(PROJECT_ROOT, path), 'utf8');
const filesIn = (folder: string, ending: string) =>
	readdirSync(join(PROJECT_ROOT, folder))
		.filter((name) => name.endsWith(ending))
		.map((name) => join(folder, name));

/** Without the changelog, because it names files that may be gone. */
const pages = [...filesIn('.', '.md'), ...filesIn('docs', '.md'), 'harness/agent/PROTOCOL.md'].filter(
	(page) => page !== 'CHANGELOG.md',
);
const GENERATED_PAGES = ['docs/gallery.md', 'docs/matrix.md'];
/** Files that a page asks its reader to write. */
const WRITTEN_BY_READERS = ['specs/my-first.spec.ts'];
/** Folders that a run or `npm run setup` creates. */
const GENERATED_FOLDERS = /^(reports|\.cache)\//;

/** Returns a page without its code blocks. */
const prose = (page: string) => read(page).replace(/^```[\s\S]*?^```$/gm, '');
const matches = (text: string, pattern: RegExp) => [...text.matchAll(pattern)].map(([, found = '']) => found);

/** Returns the anchors that GitHub gives to the headings of a page. */
const anchorsOf = (page: string) =>
	matches(prose(page), /^#+ (.*)$/gm).map((heading) =>
		heading
			.toLowerCase()
			.replace(/[^\p{L}\p{N} _-]/gu, '')
			.replaceAll(' ', '-'),
	);

/** Returns the words in backticks that must be paths of the project. */
const pathsIn = (text: string) => {
	const roots = readdirSync(PROJECT_ROOT).filter((name) => !/^(node_modules|reports|\.git|\.cache)$/.test(name));
	return matches(text, /`([\w./-]+)`/g).filter(
		(word) => /[^.]\.(ts|mjs|c|h|sh|md)$/.test(word) || roots.some((root) => word.startsWith(`${root}/`)),
	);
};

describe.each(pages)('%s', (page) => {
	test('has links only to pages, files and headings that exist', () => {
		const links = matches(prose(page), /\]\(([^)]+)\)/g).filter((link) => !/^https?:/.test(link));
		const broken = links.filter((link) => {
			const [path = '', anchor] = link.split('#');
			const target = path === '' ? page : relative('.', join(dirname(page), path));
			if (!existsSync(join(PROJECT_ROOT, target))) return true;
			return anchor !== undefined && !anchorsOf(target).includes(anchor);
		});
		expect(broken).toEqual([]);
	});

	test('names only files that exist, relative to the project’s root', () => {
		const missing = pathsIn(prose(page)).filter(
			(path) =>
				!existsSync(join(PROJECT_ROOT, path)) && !WRITTEN_BY_READERS.includes(path) && !GENERATED_FOLDERS.test(path),
		);
		expect(missing).toEqual([]);
	});

	test('names only error codes that exist', () => {
		const codes = Object.keys(ERROR_CODES);
		expect(codes).toContain('LIMIT_PASSED');
		expect(matches(prose(page), /`\[([A-Z_]+)\]`/g).filter((code) => !codes.includes(code))).toEqual([]);
	});
});

test.each(pages.filter((page) => !GENERATED_PAGES.includes(page)))(
	'%s has lines of at most 120 columns, except tables and pictures',
	(page) => {
		const lines = prose(page).split('\n');
		expect(lines.filter((line) => line.length > 120 && !/^(\||!\[)/.test(line))).toEqual([]);
	},
);

describe('docs/commands.md', () => {
	const text = read('docs/commands.md');

	test('has every command', () => {
		const scripts = Object.keys(JSON.parse(read('package.json')).scripts);
		const names = scripts.map((script) => (/^(start|test)$/.test(script) ? `npm ${script}` : `npm run ${script}`));
		expect(names).toContain('npm run setup');
		expect(names.filter((name) => !text.includes(`\`${name}\``) && !text.includes(`\`${name} `))).toEqual([]);
	});

	test('has every option, and is the only page with the table of environment variables', () => {
		const sources = [...filesIn('harness/cli', '.ts'), 'bench/bench.ts'].map(read).join('\n');
		const options = matches(sources, /\.option\(\s*'(--[a-z]+)/g);
		expect(options).toContain('--browser');
		expect(options.filter((option) => !text.includes(option))).toEqual([]);
		expect(pages.filter((page) => read(page).includes('| `HALFOPEN_ENGINE` |'))).toEqual(['docs/commands.md']);
	});
});

test('docs/dependencies.md has every package', () => {
	const text = read('docs/dependencies.md');
	const packages = Object.keys(JSON.parse(read('package.json')).devDependencies);
	expect(packages).toContain('jest');
	expect(packages.filter((name) => !text.includes(`\`${name}\``))).toEqual([]);
});

describe('docs/timeline.md', () => {
	const rows = matches(read('docs/timeline.md'), /^\| ([^|]+) \|/gm).join(' ');

	test('has every field of the schema except events', () => {
		const fields = Object.keys(timelineSchema.shape).filter((field) => field !== 'events');
		expect(fields.filter((field) => !rows.includes(`\`${field}\``))).toEqual([]);
	});

	test('has every kind of event', () => {
		const kinds = eventSchema.options.map(({ shape }) => shape.kind.value);
		expect(kinds.filter((kind) => !rows.includes(`\`${kind}\``))).toEqual([]);
	});
});
