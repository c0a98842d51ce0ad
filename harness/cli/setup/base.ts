import type Dockerode from 'dockerode';
import { hasImage } from './engine-answers.ts';
import { officialBase, pullOfficialBase } from './official-base.ts';
import { makeOwnBase, ownBase } from './own-base.ts';
import { say } from './steps.ts';

/**
 * The image to build on: the official one where a registry can be reached, else one of the same release made of Debian
 * packages.
 */
export async function ensureBase(docker: Dockerode): Promise<string> {
	if (await hasImage(docker, officialBase)) return officialBase;
	if (await pullOfficialBase(docker)) return officialBase;
	if (await hasImage(docker, ownBase)) say(`* ${ownBase} is there already`);
	else await makeOwnBase(docker);
	return ownBase;
}
