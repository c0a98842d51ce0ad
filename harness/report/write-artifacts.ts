import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { NODE_NAMES, type NodeName } from '../timeline/events.ts';
import type { TimelineFile } from '../timeline/timeline-file.ts';
import { replaceFolder } from '../util/replace-files.ts';
import { ARTIFACTS, type Artifact, artifactsFolder } from './artifacts.ts';
import type { Cost } from './cost.ts';
import { drawSvg, drawText, layOut } from './ladder/index.ts';
import { postResult } from './scenario-results.ts';

/** The width of ladders in files. It fits a page and most terminals. */
export const LADDER_WIDTH = 120;

/**
 * Writes the files of one scenario, and passes its results to the run's reporters. Replaces its previous files on this
 * engine and kernel. Writes the timeline even if it cannot be drawn.
 */
export async function writeArtifacts(
	timeline: TimelineFile,
	captures: Readonly<Partial<Record<NodeName, Uint8Array>>>,
	cost: Cost,
): Promise<void> {
	const text = timelineText(timeline);
	const failure = await replaceFolder(artifactsFolder(timeline), async (folder) => {
		const write = (artifact: Artifact, content: string | Uint8Array) =>
			writeFile(join(folder, ARTIFACTS[artifact]), content);
		await Promise.all([
			write('timeline', text),
			...NODE_NAMES.flatMap((node) => (captures[node] ? [write(node, captures[node])] : [])),
			write('cost', `${JSON.stringify(cost)}\n`),
		]);
		try {
			const ladder = layOut(timeline);
			await Promise.all([
				write('ladder', drawText(ladder, { width: LADDER_WIDTH })),
				write('svg', `${drawSvg(ladder)}\n`),
			]);
			return undefined;
		} catch (error) {
			return { error };
		}
	});
	await postResult(timeline.spec, timeline.scenario, text, JSON.stringify(cost));
	if (failure) throw failure.error;
}

/** Formats a timeline as JSON with one event per line, which is compact and still readable. */
export function timelineText({ events, ...head }: TimelineFile): string {
	const fields = Object.entries(head).flatMap(([name, value]) =>
		value === undefined ? [] : [`\t${JSON.stringify(name)}: ${JSON.stringify(value)},`],
	);
	return ['{', ...fields, '\t"events": [', linesOf(events), '\t]', '}', ''].join('\n');
}

/**
 * The number of events that are joined at a time. Otherwise the texts of hundreds of thousands of events would all be
 * in memory until the end.
 */
const BATCH = 1_000;

function linesOf(events: TimelineFile['events']): string {
	const parts: string[] = [];
	for (let at = 0; at < events.length; at += BATCH) {
		const lines = events.slice(at, at + BATCH).map((event) => JSON.stringify(event));
		parts.push(`\t\t${lines.join(',\n\t\t')}`);
	}
	return parts.join(',\n');
}
