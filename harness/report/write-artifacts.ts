import { mkdir, rm, writeFile } from 'node:fs/promises';
import type { HostName, TimelineFile } from '../timeline/events.ts';
import { type Artifact, artifactPath, artifactsFolder } from './artifacts.ts';
import type { Cost } from './cost.ts';
import { drawSvg, drawText, layOut } from './ladder/index.ts';

/** For files: fits a page, and most terminals. */
const LADDER_WIDTH = 120;

/** Removes what a scenario left behind before: from here on it is what it does now, or nothing. */
export async function clearArtifacts(spec: string, scenario: string): Promise<void> {
	await rm(artifactsFolder(spec, scenario), { recursive: true, force: true });
}

/** Writes what one scenario leaves behind: first what was recorded, then the pictures of it. */
export async function writeArtifacts(
	spec: string,
	timeline: TimelineFile,
	captures: Readonly<Record<HostName, Uint8Array>>,
	cost: Cost,
): Promise<void> {
	await mkdir(artifactsFolder(spec, timeline.scenario), { recursive: true });
	const write = (artifact: Artifact, content: string | Uint8Array) => writeFile(artifactPath(spec, timeline.scenario, artifact), content);
	await Promise.all([
		write('timeline', timelineText(timeline)),
		write('client', captures.client),
		write('server', captures.server),
		write('cost', `${JSON.stringify(cost)}\n`),
	]);
	const ladder = layOut(timeline);
	await Promise.all([write('ladder', drawText(ladder, { width: LADDER_WIDTH })), write('svg', `${drawSvg(ladder)}\n`)]);
}

/** A timeline as JSON: an event to a line, so that a long one is neither large nor illegible. */
export function timelineText({ events, ...head }: TimelineFile): string {
	const fields = Object.entries(head).flatMap(([name, value]) =>
		value === undefined ? [] : [`\t${JSON.stringify(name)}: ${JSON.stringify(value)},`],
	);
	return ['{', ...fields, '\t"events": [', events.map((event) => `\t\t${JSON.stringify(event)}`).join(',\n'), '\t]', '}', ''].join('\n');
}
