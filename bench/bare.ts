import Dockerode from 'dockerode';
import { HalfopenError } from '../harness/errors.ts';
import type { Handover } from '../harness/run/handover.ts';
import { bareDocker } from './bare-docker.ts';
import { bareNetns } from './bare-netns.ts';
import { bareVm } from './bare-vm.ts';
import type { BenchSide } from './sides.ts';

/** The bare side of each engine: the same resources, without the harness. */
const BARE: Readonly<Record<string, (site: Handover) => BenchSide>> = {
	docker: ({ run, facts: { image = '', firstBlock } }) =>
		bareDocker({ docker: new Dockerode(), run, image, firstBlock: Number(firstBlock) }),
	netns: ({ run, facts: { bin = '', opt = '' } }) => bareNetns({ run, binaries: { bin, opt } }),
	vm: ({ run, facts: { kernel = '', memory = '', ready = '' } }) => bareVm({ run, kernel, memory, ready }),
};

/** The names of the engines that can be measured. */
export const MEASURED = Object.keys(BARE);

/** Returns the bare side of the engine of this run. */
export function bareSide(site: Handover): BenchSide {
	const bare = BARE[site.engine];
	if (bare) return bare(site);
	throw new HalfopenError('ENGINE_UNKNOWN', {
		problem: `The bench cannot measure the engine ${site.engine}.`,
		remedy: `Choose one of: ${MEASURED.join(', ')}.`,
	});
}
