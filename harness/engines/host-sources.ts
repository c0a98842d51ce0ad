import { createHash } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { PROJECT_ROOT } from '../util/project-root.ts';

const SOURCES = [
	{ folder: 'harness/agent', endings: ['.c', '.h'] },
	{ folder: 'images/dnc', endings: ['.c'] },
	{ folder: 'images/peers', endings: ['.mjs'] },
];

/**
 * Returns the sources of the project's own programs on hosts, the same for all engines: the agent, `dnc`, the Node
 * peers. The paths are relative to the repository and sorted.
 */
export async function hostSources(): Promise<string[]> {
	const found = await Promise.all(SOURCES.map(filesIn));
	return found.flat().sort();
}

/** Returns the sources of the harness that can change how a lab is set up. */
export function harnessSources(): Promise<string[]> {
	return filesIn({ folder: 'harness', endings: ['.ts'] }).then((files) =>
		files.filter((file) => !/\.test\.ts$|\/(cli|report|fixtures)\//.test(file)).sort(),
	);
}

async function filesIn({ folder, endings }: { folder: string; endings: string[] }): Promise<string[]> {
	const names = await readdir(`${PROJECT_ROOT}/${folder}`, { recursive: true });
	return names.filter((name) => endings.some((ending) => name.endsWith(ending))).map((name) => `${folder}/${name}`);
}

/** Returns a hash of the paths and contents of files. Names of build results contain it. */
export async function hashOf(files: readonly string[]): Promise<string> {
	const hash = createHash('sha256');
	for (const file of files) {
		const content = await readFile(`${PROJECT_ROOT}/${file}`);
		hash.update(`${file}\n${content.length}\n`).update(content);
	}
	return hash.digest('hex').slice(0, 12);
}
