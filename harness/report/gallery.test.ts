import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { describe, expect, test } from '@jest/globals';
import { slugOf } from './artifacts.ts';
import { renderGallery } from './gallery.ts';
import { powerOffTimeline } from './ladder/fixtures/timelines.ts';

const docs = new URL('../../docs/', import.meta.url);
const files = (folder: URL) => readdirSync(folder, { recursive: true, encoding: 'utf8' });

describe('docs/gallery.md; to update it: npm run docs', () => {
	const gallery = readFileSync(new URL('gallery.md', docs), 'utf8');
	const pictures = files(new URL('pictures/', docs)).filter((file) => file.endsWith('.svg'));

	test('shows every puzzle', () => {
		const puzzles = files(new URL('../specs/puzzlers/', docs)).filter((file) => file.endsWith('.spec.ts'));
		expect(puzzles.length).toBeGreaterThan(0);
		for (const puzzle of puzzles) expect(gallery).toContain(`(../specs/puzzlers/${puzzle})`);
	});

	test('shows all pictures, and only pictures that exist; so does the README', () => {
		const shown = [...gallery.matchAll(/\]\(pictures\/([^)]+)\)/g)].map(([, path]) => path);
		expect(shown.sort()).toEqual([...pictures].sort());
		const readme = readFileSync(new URL('../README.md', docs), 'utf8');
		const inReadme = [...readme.matchAll(/\]\((docs\/pictures\/[^)]+)\)/g)].map(([, path = '']) => path);
		expect(inReadme.length).toBeGreaterThan(0);
		for (const path of inReadme) expect(existsSync(new URL(`../${path}`, docs))).toBe(true);
	});
});

test('a gallery shows question, picture, answer and verdicts, and escapes their characters', () => {
	const timeline = { ...powerOffTimeline(), question: 'Is <b> *bold*?' };
	const page = renderGallery('Puzzles', 'About them.', [timeline]);
	expect(page).toContain('**Is \\<b\\> \\*bold\\*?**');
	expect(page).toContain(`](pictures/story/${slugOf(timeline.scenario)}.svg)`);
	expect(page).toContain('The write succeeded; after 6 retransmissions');
	expect(page).toContain('- PZ8t **differs**: it depends on tcp\\_retries2 (5 here): 13.2 s');
});
