import { createHash } from 'node:crypto';
import { isAbsolute, join, relative } from 'node:path';
import { type Environment, type EnvironmentFacts, environmentOf } from '../claims/environment.ts';
import type { TimelineFile } from '../timeline/timeline-file.ts';
import { PROJECT_ROOT } from '../util/project-root.ts';

/** The folder for everything that a run writes. */
export const REPORTS = join(PROJECT_ROOT, 'reports');

/** The names of the files in a scenario's folder. */
export const ARTIFACTS = {
	timeline: 'timeline.json',
	ladder: 'ladder.txt',
	svg: 'ladder.svg',
	client: 'client.pcap',
	router: 'router.pcap',
	server: 'server.pcap',
	cost: 'cost.json',
} as const;
export type Artifact = keyof typeof ARTIFACTS;

/** The fields of a timeline that determine the folder of its scenario. */
export type ScenarioIdentity = Pick<TimelineFile, 'spec' | 'scenario'> & EnvironmentFacts;

const SLUG_LENGTH = 80;
const HASH_LENGTH = 8;

/**
 * Returns a folder name for a title: lower case, words joined by hyphens. If the title is more than lower-case words,
 * its hash is appended, so that two titles never share a folder, not even on a file system that ignores case.
 */
export function slugOf(title: string): string {
	const slug = title
		.normalize('NFKD')
		.replace(/\p{Mark}/gu, '')
		.toLowerCase()
		.replace(/[^a-z0-9]+/g, '-')
		.replace(/^-|-$/g, '');
	if (isPlain(title)) return slug;
	// As UTF-16, because UTF-8 would encode different lone surrogates alike.
	const hash = createHash('sha256').update(Buffer.from(title, 'utf16le')).digest('hex').slice(0, HASH_LENGTH);
	return `${slug.slice(0, SLUG_LENGTH).replace(/-$/, '') || 'scenario'}-${hash}`;
}

/** Returns whether the slug alone identifies the title, and cannot be confused with a slug that ends with a hash. */
function isPlain(title: string): boolean {
	return title.length <= SLUG_LENGTH && /^[a-z0-9]+( [a-z0-9]+)*$/.test(title) && !/ [0-9a-f]{8}$/.test(title);
}

/** Returns a path relative to the project's root. Accepts absolute paths, and paths relative to the root. */
export function fromProjectRoot(path: string): string {
	return (isAbsolute(path) ? relative(PROJECT_ROOT, path) : path).replace(/^\.\//, '');
}

/** Returns the name of a spec file in reports: `puzzlers/power-off` for `specs/puzzlers/power-off.spec.ts`. */
export function specName(specPath: string): string {
	return fromProjectRoot(specPath)
		.replace(/^specs\//, '')
		.replace(/(\.lab)?\.(spec|test)\.ts$/, '');
}

/** Returns the folder for all results on an engine and kernel, below the folder of reports: `docker-6.18.44`. */
export function environmentFolder({ engine, kernel }: Environment, reports: string = REPORTS): string {
	const name = `${engine}-${kernel}`;
	return join(reports, /^[\w.+~-]+$/.test(name) ? name : slugOf(name));
}

/**
 * Returns the folder for the scenarios of a spec file: `docker-6.18.44/specs/puzzlers/power-off.spec.ts`. It contains
 * the whole file name, so that two spec files never share a folder.
 */
export function specFolder(environment: Environment, specPath: string, reports: string = REPORTS): string {
	return join(environmentFolder(environment, reports), fromProjectRoot(specPath));
}

/** Returns the folder for a scenario's files: `reports/docker-6.18.44/specs/puzzlers/power-off.spec.ts/…`. */
export function artifactsFolder(identity: ScenarioIdentity, reports: string = REPORTS): string {
	return join(specFolder(environmentOf(identity), identity.spec, reports), slugOf(identity.scenario));
}

/** Returns the path of one of these files. */
export function artifactPath(identity: ScenarioIdentity, artifact: Artifact): string {
	return join(artifactsFolder(identity), ARTIFACTS[artifact]);
}
