import type Dockerode from 'dockerode';
import { hasImage } from './engine-answers.ts';
import { officialBase, pullOfficialBase } from './official-base.ts';
import { makeOwnBase, ownBase } from './own-base.ts';
import { say } from './steps.ts';

/**
 * The base image: the official one if a registry can be reached, or one of the same release that is built from Debian
 * packages.
 */
export async function ensureBase(docker: Dockerode): Promise<string> {
	if (await hasImage(docker, officialBase)) return officialBase;
	if (await pullOfficialBase(docker)) return officialBase;
	if (await hasImage(docker, ownBase)) say(`* ${ownBase} found`);
	else await makeOwnBase(docker);
	return ownBase;
}
