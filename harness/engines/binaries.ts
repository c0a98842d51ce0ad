import { access } from 'node:fs/promises';
import { join } from 'node:path';
import { HalfopenError } from '../errors.ts';
import { PROJECT_ROOT } from '../util/project-root.ts';
import { hashOf, hostSources } from './host-sources.ts';

/** What `npm run setup` makes for hosts that have no image: `bin` for their PATH, `opt` to lie over their /opt. */
export interface Binaries {
	readonly bin: string;
	readonly opt: string;
}

/**
 * Of the program that makes the root of a host, where hosts have no image. As a path from the root of the repository.
 */
export const ROOT_SOURCE = 'harness/engines/netns/root.c';

/** Where they are, made of the sources as they are. */
export async function binaries(): Promise<Binaries> {
	const folder = join(PROJECT_ROOT, '.cache', `host-${await hashOf([...(await hostSources()), ROOT_SOURCE])}`);
	return { bin: join(folder, 'bin'), opt: join(folder, 'opt') };
}

/** Where they are; IMAGE_MISSING if they were not made. */
export async function assertBinaries(): Promise<Binaries> {
	const made = await binaries();
	try {
		await access(join(made.bin, 'halfopen-agent'));
		return made;
	} catch (cause) {
		throw new HalfopenError('IMAGE_MISSING', {
			problem:
				'The programs that run inside hosts are not there: they were never made, or their sources have changed ' +
				'since.',
			seen: `${made.bin}/halfopen-agent is missing`,
			remedy:
				'Run `HALFOPEN_ENGINE=netns npm run setup`, or, for guests, `npm run setup -- --vm`: either compiles them.',
			cause,
		});
	}
}
