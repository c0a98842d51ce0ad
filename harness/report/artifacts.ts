import { createHash } from 'node:crypto';
import { isAbsolute, join, relative } from 'node:path';
import type { Environment } from '../claims/environment.ts';
import type { TimelineFile } from '../timeline/timeline-file.ts';
import { PROJECT_ROOT } from '../util/project-root.ts';

/** Everything a run leaves behind goes below this folder. */
export const REPORTS = join(PROJECT_ROOT, 'reports');

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

/** What of a timeline says where its scenario's files are. */
export type Identity = Pick<TimelineFile, 'engine' | 'spec' | 'scenario'> & {
	readonly kernel: Pick<TimelineFile['kernel'], 'release'>;
};

const SLUG_LENGTH = 80;
const HASH_LENGTH = 8;

/**
 * A title as a folder name: lower case, words joined by hyphens. A title that is more than lower-case words also gets a
 * hash of it, so that two titles never share a folder, also not on a disk that ignores case.
 */
export function slugOf(title: string): string {
	const slug = title
		.normalize('NFKD')
		.replace(/\p{Mark}/gu, '')
		.toLowerCase()
		.replace(/[^a-z0-9]+/g, '-')
		.replace(/^-|-$/g, '');
	if (isPlain(title)) return slug;
	// As UTF-16, in which each string differs from each other one: UTF-8 has no lone surrogates.
	const hash = createHash('sha256').update(Buffer.from(title, 'utf16le')).digest('hex').slice(0, HASH_LENGTH);
	return `${slug.slice(0, SLUG_LENGTH).replace(/-$/, '') || 'scenario'}-${hash}`;
}

/** The slug alone identifies it, and does not end like one with a hash. */
function isPlain(title: string): boolean {
	return title.length <= SLUG_LENGTH && /^[a-z0-9]+( [a-z0-9]+)*$/.test(title) && !/ [0-9a-f]{8}$/.test(title);
}

/** A file's path from the project's root, given as such or as an absolute one. */
export function fromProjectRoot(path: string): string {
	return (isAbsolute(path) ? relative(PROJECT_ROOT, path) : path).replace(/^\.\//, '');
}

/** A spec file as reports name it: `specs/puzzlers/power-off.spec.ts` is `puzzlers/power-off`. */
export function specName(specPath: string): string {
	return fromProjectRoot(specPath)
		.replace(/^specs\//, '')
		.replace(/(\.lab)?\.(spec|test)\.ts$/, '');
}

/** The folder of all that was found on an engine and kernel, in a folder of reports: `docker-6.18.44`. */
export function environmentFolder({ engine, kernel }: Environment, reports: string = REPORTS): string {
	const name = `${engine}-${kernel}`;
	return join(reports, /^[\w.+~-]+$/.test(name) ? name : slugOf(name));
}

/**
 * The folder of one spec file's scenarios: `docker-6.18.44/specs/puzzlers/power-off.spec.ts`. With the file's whole
 * name, no folder is that of two files.
 */
export function specFolder(place: Environment, specPath: string, reports: string = REPORTS): string {
	return join(environmentFolder(place, reports), fromProjectRoot(specPath));
}

/** Where a scenario ran. */
export function environmentOf({ engine, kernel }: Pick<Identity, 'engine' | 'kernel'>): Environment {
	return { engine, kernel: kernel.release };
}

/** The folder of what a scenario leaves behind: `reports/docker-6.18.44/specs/puzzlers/power-off.spec.ts/…`. */
export function artifactsFolder(identity: Identity, reports: string = REPORTS): string {
	return join(specFolder(environmentOf(identity), identity.spec, reports), slugOf(identity.scenario));
}

/** One of those files. */
export function artifactPath(identity: Identity, artifact: Artifact): string {
	return join(artifactsFolder(identity), ARTIFACTS[artifact]);
}
