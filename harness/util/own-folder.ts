import { lstat, mkdir } from 'node:fs/promises';

/** Whether a path is a folder of this user's. A symbolic link is none, wherever it leads. */
export async function isOwnFolder(path: string): Promise<boolean> {
	return (await modeOfOwn(path)) !== undefined;
}

/** Whether it is one that nobody else may even look into. */
export async function isPrivateFolder(path: string): Promise<boolean> {
	const mode = await modeOfOwn(path);
	return mode !== undefined && (mode & 0o077) === 0;
}

async function modeOfOwn(path: string): Promise<number | undefined> {
	const found = await lstat(path).catch(() => undefined);
	return found?.isDirectory() && found.uid === process.getuid?.() ? found.mode : undefined;
}

/** Makes a folder that nobody else may even look into; fails where there is anything of that name. */
export async function makePrivateFolder(path: string): Promise<void> {
	await mkdir(path, { mode: 0o700 });
}
