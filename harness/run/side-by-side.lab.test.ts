/** Two concurrent runs in one checkout: each prints its own results, and the reports are complete. */
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, jest, test } from '@jest/globals';
import { slugOf } from '../report/artifacts.ts';
import { collect } from '../report/collect.ts';
import { cloneProject } from './fixtures/clone.ts';
import { leftoversOf } from './fixtures/leftovers.ts';
import { NestedRun } from './fixtures/nested-run.ts';

jest.setTimeout(300_000);

test('two runs of the same scenarios: both print all their verdicts, and each folder belongs to one run', async () => {
	await using clone = await cloneProject({ titles: 'two-titles.ts' });
	const runs = ['one.xml', 'two.xml'].map((name) => new NestedRun(clone, [], { JEST_JUNIT_OUTPUT_NAME: name }));
	expect(await Promise.all(runs.map(({ ended }) => ended))).toEqual([0, 0]);
	for (const { output } of runs) expect(output).toContain('This run: 1 hold, 0 differ. In all: 1 hold, 0 differ,');

	const reports = join(clone.root, 'reports');
	const { scenarios, results, skipped } = await collect(reports, async ({ timeline, files, folder, text }) => ({
		title: timeline.scenario,
		files,
		isDrawnOfIt: (await text('ladder.txt'))?.includes(timeline.hosts.client.ip),
		folder,
	}));
	expect(skipped).toEqual([]);
	const files = ['client.pcap', 'cost.json', 'ladder.svg', 'ladder.txt', 'server.pcap', 'timeline.json'];
	const expected = ['SYN < lost', 'SYN > lost'].map((title) => ({
		title,
		files,
		isDrawnOfIt: true,
		folder: expect.stringContaining(slugOf(title)),
	}));
	expect(scenarios.toSorted((one, other) => (one.title < other.title ? -1 : 1))).toEqual(expected);
	expect(results.verdicts.map(({ note }) => note).sort()).toEqual(['SYN < lost', 'SYN > lost']);
	expect(JSON.parse(await readFile(join(reports, 'claims.json'), 'utf8'))).toEqual(results.verdicts);
	expect((await readdir(reports, { recursive: true })).filter((path) => /(^|\/)\./.test(path))).toEqual([]);
	for (const run of runs) expect(await leftoversOf(run)).toEqual([]);
});

test('two scenarios with one title or one folder in a file: NAME_TAKEN before any of them runs', async () => {
	await using clone = await cloneProject({ 'same-title': 'same-title.ts', 'same-folder': 'same-folder.ts' });
	const run = new NestedRun(clone);
	expect(await run.ended).toBe(1);
	expect(run.output).toContain('Two scenarios of this file have the title “twice”. [NAME_TAKEN]');
	expect(run.output).toContain('Two scenarios of this file would write to the same folder. [NAME_TAKEN]');
	expect(run.output).toContain('seen: syn-fa236035: “SYN ,!.?::!” and “SYN ,.,?..,”');
	// No scenario was started.
	expect(run.output).not.toMatch(/[✓✕]/);
	expect(run.output).toMatch(/^Tests: +0 total$/m);
});
