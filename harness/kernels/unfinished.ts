import { mkdir, readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';

/** A folder for what is not complete yet: goes away with all that is still in it. */
export interface UnfinishedFolder extends AsyncDisposable {
	readonly path: string;
}

/** Makes it as a hidden folder that bears this process's id, and removes those that processes left which were killed. */
export async function unfinishedFolder(parent: string, name: string): Promise<UnfinishedFolder> {
	await mkdir(parent, { recursive: true });
	for (const other of await readdir(parent)) {
		const pid = /^\..*\.(\d+)$/.exec(other)?.[1];
		if (pid !== undefined && isGone(Number(pid))) await rm(join(parent, other), { recursive: true, force: true });
	}
	const path = join(parent, `.${name}.${process.pid}`);
	await mkdir(path);
	return { path, [Symbol.asyncDispose]: () => rm(path, { recursive: true, force: true }) };
}

function isGone(pid: number): boolean {
	try {
		process.kill(pid, 0);
		return false;
	} catch (error) {
		return (error as NodeJS.ErrnoException).code === 'ESRCH';
	}
}
