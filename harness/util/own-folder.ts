import { lstat, mkdir } from 'node:fs/promises';

/** Whether a path is a folder that belongs to this user. A symbolic link is not a folder here. */
export async function isOwnFolder(path: string): Promise<boolean> {
	return (await modeOfOwn(path)) !== undefined;
}

/** Whether a path is a folder that belongs to this user and nobody else can access. */
export async function isPrivateFolder(path: string): Promise<boolean> {
	const mode = await modeOfOwn(path);
	return mode !== undefined && (mode & 0o077) === 0;
}

async function modeOfOwn(path: string): Promise<number | undefined> {
	const found = await lstat(path).catch(() => undefined);
	return found?.isDirectory() && found.uid === process.getuid?.() ? found.mode : undefined;
}

/** Creates a folder that nobody else can access. Rejects if the path exists. */
export async function makePrivateFolder(path: string): Promise<void> {
	await mkdir(path, { mode: 0o700 });
}
