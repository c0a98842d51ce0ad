import { readdir, readFile } from 'node:fs/promises';
import { join, relative } from 'node:path';
import { HalfopenError } from '../errors.ts';
import { alignColumns } from '../util/columns.ts';
import { nearestNames } from '../util/nearest.ts';
import { PROJECT_ROOT } from '../util/project-root.ts';
import { wrap } from './text-format.ts';

/** The theme whose specs go by their names alone. */
const HOME_THEME = 'puzzlers/';
const ENDING = '.spec.ts';

export interface SpecFile {
	/** `power-off`, or with its theme where that is another: `queues/accept`. */
	readonly name: string;
	readonly path: string;
	/** First sentence of the comment that the file begins with. */
	readonly question: string;
}

/** All specs of a folder, those of the puzzles first; none where there is no such folder. */
export async function listSpecs(folder: string): Promise<SpecFile[]> {
	const files = (await namesIn(folder)).filter((file) => file.endsWith(ENDING)).sort();
	const specs = files.map(async (file) => {
		const path = join(folder, file);
		const name = file.slice(0, -ENDING.length);
		return {
			name: name.startsWith(HOME_THEME) ? name.slice(HOME_THEME.length) : name,
			path,
			question: questionIn(await readFile(path, 'utf8')),
		};
	});
	return (await Promise.all(specs)).sort((a, b) => Number(a.name.includes('/')) - Number(b.name.includes('/')));
}

async function namesIn(folder: string): Promise<string[]> {
	try {
		return await readdir(folder, { recursive: true });
	} catch (error) {
		if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
		throw error;
	}
}

/** All spec files of the project, from its root. */
export async function specFiles(project: string = PROJECT_ROOT): Promise<string[]> {
	return (await listSpecs(join(project, 'specs'))).map(({ path }) => relative(project, path));
}

/** The first sentence of the comment that a file begins with, or nothing. */
export function questionIn(source: string): string {
	const comment = /^\s*\/\*\*([\s\S]*?)\*\//.exec(source)?.[1] ?? '';
	const text = comment
		.split('\n')
		.map((line) => line.replace(/^\s*\*\s?/, '').trim())
		.join(' ')
		.trim();
	return /^.*?[.?!](?=\s|$)/.exec(text)?.[0] ?? text;
}

/**
 * The spec that a name means: its name, its name with any theme, or the last part of it where only one spec has that.
 */
export function specNamed(name: string, specs: readonly SpecFile[]): SpecFile {
	const plain = name
		.replace(/^specs\//, '')
		.replace(HOME_THEME, '')
		.replace(ENDING, '');
	const exact = specs.find((spec) => spec.name === plain);
	const byLastPart = specs.filter((spec) => spec.name.endsWith(`/${plain}`));
	const found = exact ?? (byLastPart.length === 1 ? byLastPart[0] : undefined);
	if (found !== undefined) return found;
	const near = nearestNames(
		plain,
		byLastPart.length > 1 ? byLastPart.map((spec) => spec.name) : specs.map((spec) => spec.name),
	);
	throw new HalfopenError('SPEC_UNKNOWN', {
		problem: byLastPart.length > 1 ? `Several specs are called ${name}.` : `There is no spec called ${name}.`,
		remedy:
			near.length === 0
				? 'Add a spec: there are none in this project.'
				: `Did you mean ${near.join(', ')}? \`npm start -- --list\` shows all specs.`,
	});
}

/** The list as lines: names, and their questions beside them. */
export function specTable(specs: readonly SpecFile[], width: number): string[] {
	const names = Math.max(0, ...specs.map(({ name }) => name.length));
	const room = Math.max(20, width - names - 4);
	const rows = specs.flatMap(({ name, question }) =>
		wrap(question, room).map((line, index) => [index === 0 ? name : '', line]),
	);
	return alignColumns(rows).map((line) => `  ${line}`);
}
