import { readdir, readFile } from 'node:fs/promises';
import { join, relative } from 'node:path';
import { HalfopenError } from '../errors.ts';
import { alignColumns } from '../util/columns.ts';
import { nearestNames } from '../util/nearest.ts';
import { PROJECT_ROOT } from '../util/project-root.ts';
import { wrap } from './text-format.ts';

/** The theme that is left out of its specs' names. */
const HOME_THEME = 'puzzlers/';
const ENDING = '.spec.ts';

export interface SpecFile {
	/** With its theme (`queues/accept`), except for the puzzlers (`power-off`). */
	readonly name: string;
	readonly path: string;
	/** The first sentence of the comment at the beginning of the file. */
	readonly question: string;
}

/** Returns all specs of a folder, the puzzlers first. A missing folder has none. */
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

/** Returns the paths of all spec files of the project, relative to its root. */
export async function specFiles(project: string = PROJECT_ROOT): Promise<string[]> {
	return (await listSpecs(join(project, 'specs'))).map(({ path }) => relative(project, path));
}

/** Returns the first sentence of the comment at the beginning of a file, or an empty string. */
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
 * Finds a spec by its name or path, or by its name without the theme if no other spec has it. Throws SPEC_UNKNOWN if
 * there is no such spec, or if there are several.
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

/** Returns a table of the specs' names and questions. */
export function specTable(specs: readonly SpecFile[], width: number): string[] {
	const names = Math.max(0, ...specs.map(({ name }) => name.length));
	const room = Math.max(20, width - names - 4);
	const rows = specs.flatMap(({ name, question }) =>
		wrap(question, room).map((line, index) => [index === 0 ? name : '', line]),
	);
	return alignColumns(rows).map((line) => `  ${line}`);
}
