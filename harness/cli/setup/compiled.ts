import { mkdir, readdir, rename, rm } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { exists } from '../../util/exists.ts';
import { removeOlderThan } from '../../util/remove-older.ts';
import { say, step } from './steps.ts';

/** A day. */
const KEPT_MS = 86_400_000;

/**
 * Compiles a file or folder whose name is `<kind>-<hash of its sources>`, unless it exists. `build` writes it to
 * another folder, from which it is moved when it is complete. Then removes what was compiled from older sources.
 */
export async function ensureCompiled(
	target: string,
	what: string,
	build: (unfinished: string) => Promise<void>,
): Promise<void> {
	if (await exists(target)) say(`* ${basename(target)} is up to date`);
	else await step(`Compiling ${what}: ${basename(target)}`, () => buildAndRename(target, build));
	await removeOlder(target);
}

async function buildAndRename(target: string, build: (unfinished: string) => Promise<void>): Promise<void> {
	const folder = `${target}.${process.pid}`;
	const unfinished = join(folder, basename(target));
	try {
		await mkdir(folder, { recursive: true });
		await build(unfinished);
		await rename(unfinished, target);
	} finally {
		await rm(folder, { recursive: true, force: true });
	}
}

/** Removes what was compiled from older sources more than a day ago. A run may still use the others. */
async function removeOlder(current: string): Promise<void> {
	const [folder, name] = [dirname(current), basename(current)];
	const kind = name.slice(0, name.indexOf('-') + 1);
	const others = (await readdir(folder)).filter((other) => other.startsWith(kind) && other !== name);
	for (const other of others) await removeOlderThan(KEPT_MS, join(folder, other));
}
