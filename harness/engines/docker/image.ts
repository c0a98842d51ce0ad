import { PROJECT_ROOT } from '../../util/project-root.ts';
import { hashOf, hostSources } from '../host-sources.ts';

/** Where the image's sources are. */
export const imageContext = PROJECT_ROOT;

/** The image's recipe, as a path in the context. */
export const hostDockerfile = 'images/host/Dockerfile';

/** All files that the host image is made of, as sorted paths in the context. */
export async function hostImageFiles(): Promise<string[]> {
	return [hostDockerfile, ...(await hostSources())].sort();
}

/** The name of the host image, tagged by the content of its sources: one made from older sources has another name. */
export async function hostImage(): Promise<string> {
	return `halfopen-host:${await hashOf(await hostImageFiles())}`;
}
