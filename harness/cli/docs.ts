import assert from 'node:assert/strict';
import { statSync } from 'node:fs';
import { mkdir, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { Command } from 'commander';
import { HalfopenError } from '../errors.ts';
import { ARTIFACTS, fromProjectRoot, REPORTS } from '../report/artifacts.ts';
import { collect } from '../report/collect.ts';
import { PICTURES, pictureOf, renderGallery } from '../report/gallery.ts';
import { runJest, runMain } from '../report/run-jest.ts';
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

const command = new Command('npm run docs --')
	.description(
		'Runs the puzzles. Writes their ladders as pictures to docs/pictures, and docs/gallery.md, which shows them.',
	)
	.action(drawPuzzles);

async function drawPuzzles(): Promise<void> {
	const began = Date.now();
	await runJest([THEME]);
	if (process.exitCode !== 0) {
		throw new HalfopenError('RESULTS_MISSING', {
			problem: 'A puzzle failed, so no picture was written.',
			remedy: 'Correct the failure that is printed above, and run `npm run docs` again.',
		});
	}
	const { scenarios } = await collect(REPORTS, async ({ folder, timeline, text }) => ({
		folder,
		timeline,
		svg: await text(ARTIFACTS.svg),
	}));
	// Both times are of this machine's clock. A timeline has the clock of its hosts' machine.
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
}

await runMain(() => command.parseAsync());
