import assert from 'node:assert/strict';
import { statSync } from 'node:fs';
import { mkdir, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { HalfopenError } from '../errors.ts';
import { ARTIFACTS, fromProjectRoot, REPORTS } from '../report/artifacts.ts';
import { collect } from '../report/collect.ts';
import { PICTURES, pictureOf, renderGallery } from '../report/gallery.ts';
import { orExplain, runJest } from '../report/run-jest.ts';
import { PROJECT_ROOT } from '../util/project-root.ts';

const THEME = 'specs/puzzlers';
const DOCS = join(PROJECT_ROOT, 'docs');
const INTRODUCTION = [
	'The questions of the article “TCP Puzzlers”, answered by two hosts: the client is `kang`, the server `kodos`. ' +
		'Time runs downwards; a colour',
	'along a lifeline is the state of a socket, an arrow is a segment from the moment it was sent, a cross is ' +
		'where it was lost, a shaded part is a',
	'fault. Hover a thing in `reports/index.html` of your own run to see all that was recorded of it.',
].join('\n');

/** `npm run docs`: runs the puzzles, and writes their ladders as pictures to `docs/`, and the gallery. */
await orExplain(async () => {
	const began = Date.now();
	await runJest([THEME]);
	if (process.exitCode !== 0) {
		throw new HalfopenError('RESULTS_MISSING', {
			problem: 'A puzzle failed, so no picture was written.',
			remedy: 'Correct what the failure above names, and run `npm run docs` again.',
		});
	}
	const { scenarios } = await collect(REPORTS, async ({ folder, timeline, text }) => ({
		folder,
		timeline,
		svg: await text(ARTIFACTS.svg),
	}));
	// Compared with this machine's clock, which sets files' mtimes. A timeline has the clock of its hosts' machine.
	const isOfThisRun = (folder: string) => statSync(join(REPORTS, folder, ARTIFACTS.timeline)).mtimeMs >= began;
	const shown = scenarios.filter(
		({ folder, timeline, svg }) => timeline.spec.startsWith(THEME) && isOfThisRun(folder) && svg !== undefined,
	);
	assert(shown.length > 0, 'puzzles that passed have left pictures');
	await rm(join(DOCS, PICTURES), { recursive: true, force: true });
	for (const { timeline, svg } of shown) {
		const path = join(DOCS, PICTURES, pictureOf(timeline));
		await mkdir(dirname(path), { recursive: true });
		await writeFile(path, svg ?? '');
	}
	const gallery = join(DOCS, 'gallery.md');
	await writeFile(
		gallery,
		renderGallery(
			'The puzzles, drawn',
			INTRODUCTION,
			shown.map(({ timeline }) => timeline),
		),
	);
	process.stdout.write(`wrote ${fromProjectRoot(gallery)} and ${shown.length} pictures\n`);
});
