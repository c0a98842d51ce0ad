import { mkdir, rm, writeFile } from 'node:fs/promises';
import type { HostName, TimelineFile } from '../timeline/events.ts';
import { artifactPath, artifactsFolder } from './artifacts.ts';
import type { Cost } from './cost.ts';
import { drawSvg, drawText, layOut } from './ladder/index.ts';

/** For files: fits a page, and most terminals. */
const LADDER_WIDTH = 120;

/** Writes what one scenario leaves behind, in place of what it left before. */
export async function writeArtifacts(
	spec: string,
	timeline: TimelineFile,
	captures: Readonly<Record<HostName, Uint8Array>>,
	cost: Cost,
): Promise<void> {
	const folder = artifactsFolder(spec, timeline.scenario);
	await rm(folder, { recursive: true, force: true });
	await mkdir(folder, { recursive: true });
	const path = (artifact: Parameters<typeof artifactPath>[2]) => artifactPath(spec, timeline.scenario, artifact);
	const ladder = layOut(timeline);
	await Promise.all([
		writeFile(path('timeline'), `${JSON.stringify(timeline, undefined, '\t')}\n`),
		writeFile(path('ladder'), drawText(ladder, { width: LADDER_WIDTH })),
		writeFile(path('svg'), `${drawSvg(ladder)}\n`),
		writeFile(path('client'), captures.client),
		writeFile(path('server'), captures.server),
		writeFile(path('cost'), `${JSON.stringify(cost)}\n`),
	]);
}
