import { access } from 'node:fs/promises';
import { join } from 'node:path';
import { HalfopenError } from '../errors.ts';
import { PROJECT_ROOT } from '../util/project-root.ts';
import { hashOf, hostSources } from './host-sources.ts';

/**
 * The files that `npm run setup` compiles for hosts without an image: `bin` for their PATH, `opt` to mount over /opt.
 */
export interface Binaries {
	readonly bin: string;
	readonly opt: string;
}

/**
 * Source of the program that sets up a host's root file system, where hosts have no image. Relative to the repository.
 */
export const ROOT_SOURCE = 'harness/engines/netns/root.c';

/** Returns the paths of the binaries that are compiled from the current sources. */
export async function binaries(): Promise<Binaries> {
	const folder = join(PROJECT_ROOT, '.cache', `host-${await hashOf([...(await hostSources()), ROOT_SOURCE])}`);
	return { bin: join(folder, 'bin'), opt: join(folder, 'opt') };
}

/** Returns the paths of the binaries. Rejects with IMAGE_MISSING if they have not been compiled. */
export async function assertBinaries(): Promise<Binaries> {
	const compiled = await binaries();
	try {
		await access(join(compiled.bin, 'halfopen-agent'));
		return compiled;
	} catch (cause) {
		throw new HalfopenError('IMAGE_MISSING', {
			problem:
				'The programs that run inside hosts are missing: they were not compiled yet, or their sources have changed.',
			seen: `${compiled.bin}/halfopen-agent is missing`,
			remedy: 'Run `HALFOPEN_ENGINE=netns npm run setup`, or `npm run setup -- --vm` for guests: both compile them.',
			cause,
		});
	}
}
