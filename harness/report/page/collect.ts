import { readdir, readFile } from 'node:fs/promises';
import { dirname, join, relative, sep } from 'node:path';
import { prettifyError, ZodError, type ZodType } from 'zod';
import { HalfopenError } from '../../errors.ts';
import { timelineSchema } from '../../timeline/events.ts';
import { ARTIFACTS } from '../artifacts.ts';
import { costSchema } from '../cost.ts';
import type { PageScenario } from './page.ts';

/** What lies below a folder of reports. */
export interface Collected {
	readonly scenarios: readonly PageScenario[];
	/** One for each file that is not what its name says. */
	readonly skipped: readonly HalfopenError[];
}

/** Reads what the scenarios of all runs so far have left below a folder. Files that are broken or somebody else's are skipped, and told. */
export async function collect(reports: string): Promise<Collected> {
	const skipped: HalfopenError[] = [];
	const orSkip = async <T>(path: string, read: (text: string) => T): Promise<T | undefined> => {
		try {
			return read(await readFile(path, 'utf8'));
		} catch (error) {
			skipped.push(cannotBeRead(relative(reports, path), error));
			return undefined;
		}
	};

	const scenarios: PageScenario[] = [];
	for (const folder of await foldersOfScenarios(reports)) {
		const files = await readdir(folder);
		const artifact = async <T>(name: string, read: (text: string) => T) => (files.includes(name) ? orSkip(join(folder, name), read) : undefined);
		const timeline = await artifact(ARTIFACTS.timeline, as(timelineSchema));
		if (timeline === undefined) continue;
		const cost = await artifact(ARTIFACTS.cost, as(costSchema));
		const svg = await artifact(ARTIFACTS.svg, (text) => text);
		scenarios.push({ folder: relative(reports, folder).split(sep).join('/'), timeline, cost, svg, files });
	}
	return { scenarios, skipped };
}

async function foldersOfScenarios(reports: string): Promise<string[]> {
	const paths = await readdir(reports, { recursive: true });
	return paths
		.filter((path) => path.endsWith(`${sep}${ARTIFACTS.timeline}`))
		.map((path) => join(reports, dirname(path)))
		.sort();
}

function as<T>(schema: ZodType<T>): (text: string) => T {
	return (text) => schema.parse(JSON.parse(text));
}

function cannotBeRead(path: string, error: unknown): HalfopenError {
	return new HalfopenError('BAD_ARGUMENT', {
		problem: `${path} is not what a scenario of this version leaves: index.html is without it`,
		seen: error instanceof ZodError ? prettifyError({ issues: error.issues.slice(0, 1) }) : String(error),
		remedy: 'run the spec again, or remove the folder',
		cause: error,
	});
}
