import { createHash } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';

/** Where the image's sources are: the root of the repository. */
export const imageContext = fileURLToPath(new URL('../../..', import.meta.url));

/** The image's recipe, as a path in the context. */
export const hostDockerfile = 'images/host/Dockerfile';

const sourceFolders = [
	{ folder: 'harness/agent', endings: ['.c', '.h'] },
	{ folder: 'images/dnc', endings: ['.c'] },
	{ folder: 'images/peers', endings: ['.mjs'] },
];

/** All files that the host image is made of, as sorted paths in the context. */
export async function hostImageFiles(): Promise<string[]> {
	const found = await Promise.all(sourceFolders.map(filesIn));
	return [hostDockerfile, ...found.flat()].sort();
}

async function filesIn({ folder, endings }: { folder: string; endings: string[] }): Promise<string[]> {
	const names = await readdir(`${imageContext}/${folder}`, { recursive: true });
	return names.filter((name) => endings.some((ending) => name.endsWith(ending))).map((name) => `${folder}/${name}`);
}

/** The name of the host image, tagged by the content of its sources: one made from older sources has another name. */
export async function hostImage(): Promise<string> {
	const hash = createHash('sha256');
	for (const file of await hostImageFiles()) {
		const content = await readFile(`${imageContext}/${file}`);
		hash.update(`${file}\n${content.length}\n`).update(content);
	}
	return `halfopen-host:${hash.digest('hex').slice(0, 12)}`;
}
