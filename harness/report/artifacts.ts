import { createHash } from 'node:crypto';
import { isAbsolute, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';

/** Where the project is; everything a run leaves behind goes below `reports/` in it. */
export const PROJECT_ROOT = fileURLToPath(new URL('../../', import.meta.url));

/** The files of one scenario, by what they are. */
export const ARTIFACTS = {
	timeline: 'timeline.json',
	ladder: 'ladder.txt',
	svg: 'ladder.svg',
	client: 'client.pcap',
	server: 'server.pcap',
	cost: 'cost.json',
} as const;
export type Artifact = keyof typeof ARTIFACTS;

const SLUG_LENGTH = 80;

/** A title as a folder name: lower case, words joined by hyphens; a long one is cut and keeps a hash, so that two of them stay two. */
export function slugOf(title: string): string {
	const plain = title
		.normalize('NFKD')
		.replace(/\p{Mark}/gu, '')
		.toLowerCase();
	const slug = plain.replace(/[^a-z0-9]+/g, '-').replace(/^-|-$/g, '');
	if (slug.length > 0 && slug.length <= SLUG_LENGTH) return slug;
	const hash = createHash('sha256').update(title).digest('hex').slice(0, 8);
	return slug === '' ? `scenario-${hash}` : `${slug.slice(0, SLUG_LENGTH).replace(/-$/, '')}-${hash}`;
}

/** A spec file as its name in reports: `specs/puzzlers/power-off.spec.ts` is `puzzlers/power-off`. Takes a path from the project or an absolute one. */
export function specName(specPath: string): string {
	const fromProject = isAbsolute(specPath) ? relative(PROJECT_ROOT, specPath) : specPath;
	return fromProject
		.replace(/^\.\//, '')
		.replace(/^specs\//, '')
		.replace(/(\.lab)?\.(spec|test)\.ts$/, '');
}

/** The folder of what a scenario leaves behind, absolute: `reports/puzzlers/power-off/the-peer-never-comes-back`. The same in workers and in reporters. */
export function artifactsFolder(specPath: string, scenarioName: string): string {
	return join(PROJECT_ROOT, 'reports', specName(specPath), slugOf(scenarioName));
}

/** One of those files, absolute. */
export function artifactPath(specPath: string, scenarioName: string, artifact: Artifact): string {
	return join(artifactsFolder(specPath, scenarioName), ARTIFACTS[artifact]);
}

/** A path as a reader at the project's root would type it. */
export function fromProjectRoot(path: string): string {
	return relative(PROJECT_ROOT, path);
}
