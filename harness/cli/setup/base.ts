import type Dockerode from 'dockerode';
import { hasImage } from './engine-answers.ts';
import { officialBase, pullOfficialBase } from './official-base.ts';
import { buildOwnBase, ownBase } from './own-base.ts';
import { say } from './steps.ts';

/**
 * Returns the name of the base image: the official one if a registry can be reached, else one of the same release,
 * which is built from Debian packages.
 */
export async function ensureBase(docker: Dockerode): Promise<string> {
	if (await hasImage(docker, officialBase)) return officialBase;
	if (await pullOfficialBase(docker)) return officialBase;
	if (await hasImage(docker, ownBase)) say(`* ${ownBase} found`);
	else await buildOwnBase(docker);
	return ownBase;
}
