import { access, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { HalfopenError } from '../../errors.ts';
import { PROJECT_ROOT } from '../../util/project-root.ts';
import { hashOf } from '../host-sources.ts';

/** The sources of the guest's init process. `npm run setup -- --vm` compiles them. */
export const INIT_SOURCES = fileURLToPath(new URL('guest', import.meta.url));

/** Returns the path of the guest's init process, compiled from the current sources. */
export async function initPath(): Promise<string> {
	const names = (await readdir(INIT_SOURCES)).filter((name) => /\.[ch]$/.test(name)).sort();
	const hash = await hashOf(names.map((name) => `harness/engines/vm/guest/${name}`));
	return join(PROJECT_ROOT, '.cache', `init-${hash}`);
}

/** Returns the path of the guest's init process. Rejects with IMAGE_MISSING if it has not been compiled. */
export async function assertInit(): Promise<string> {
	const path = await initPath();
	try {
		await access(path);
		return path;
	} catch (cause) {
		throw new HalfopenError('IMAGE_MISSING', {
			problem: 'The init process of guests is missing: it was not compiled yet, or its sources have changed.',
			seen: path,
			remedy: 'Run `npm run setup -- --vm`: it compiles the init process.',
			cause,
		});
	}
}
