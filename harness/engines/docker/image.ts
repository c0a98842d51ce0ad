import { PROJECT_ROOT } from '../../util/project-root.ts';
import { hashOf, hostSources } from '../host-sources.ts';

/** The build context of the image. */
export const imageContext = PROJECT_ROOT;

/** The image's Dockerfile, relative to the context. */
export const hostDockerfile = 'images/host/Dockerfile';

/** Returns all files that the host image is built from, as sorted paths relative to the context. */
export async function hostImageFiles(): Promise<string[]> {
	return [hostDockerfile, ...(await hostSources())].sort();
}

/**
 * Returns the name of the host image. Its tag is a hash of the sources, so an image of older sources has another name.
 */
export async function hostImage(): Promise<string> {
	return `halfopen-host:${await hashOf(await hostImageFiles())}`;
}
