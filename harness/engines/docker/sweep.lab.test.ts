/** A sweep of an engine that several machines share removes only the objects of runs that are certainly dead. */
import { expect, jest } from '@jest/globals';
import Dockerode from 'dockerode';
import { runnerNamed } from '../../run/choose-engine.ts';
import { sweepDeadRuns } from '../../run/dead-runs.ts';
import { testOn } from '../../run/fixtures/on-engine.ts';
import { deadOwner, ofEarlierStart, ofOtherBoot, ofOtherMachine, ofOtherPids } from '../fixtures/owners.ts';
import { thisProcess } from '../owner.ts';
import { engineSocket } from './fixtures/engine-socket.ts';
import { hostImage } from './image.ts';
import { OWNER_LABEL, RUN_LABEL } from './labels.ts';

jest.setTimeout(120_000);
const testOnDocker = testOn('docker', 'about an engine that is shared');

/** The containers of the test, by the end of their names, and the labels of each. They are never started. */
const PLANTED: Readonly<Record<string, { readonly id?: string; readonly owner: string; readonly isSwept: boolean }>> = {
	dead: { owner: deadOwner(), isSwept: true },
	'earlier-process': { owner: ofEarlierStart(), isSwept: true },
	alive: { owner: thisProcess(), isSwept: false },
	'other-machine': { owner: ofOtherMachine(), isSwept: false },
	'other-boot': { owner: ofOtherBoot(), isSwept: false },
	'other-container': { owner: ofOtherPids(), isSwept: false },
	'by-hand': { owner: 'by-hand', isSwept: false },
	'strange-id': { id: 'x/../../victim', owner: deadOwner(), isSwept: false },
};

testOnDocker(
	'removes the objects of dead runs, and leaves those of other machines, copies, containers and invalid owners',
	async () => {
		const docker = new Dockerode({ socketPath: engineSocket() });
		const prefix = `halfopen-planted-${process.pid}`;
		const stderr = jest.spyOn(process.stderr, 'write').mockReturnValue(true);
		const planted: Dockerode.Container[] = [];
		const Image = await hostImage();
		try {
			for (const [name, { id = `${prefix}-${name}`, owner }] of Object.entries(PLANTED)) {
				const Labels = { [RUN_LABEL]: id, [OWNER_LABEL]: owner };
				planted.push(await docker.createContainer({ name: `${prefix}-${name}`, Image, Labels }));
			}
			await sweepDeadRuns(await runnerNamed('docker'));
			const containers = await docker.listContainers({ all: true });
			const left = new Set(containers.map(({ Names: [name = ''] }) => name.slice(1)));
			const swept = Object.keys(PLANTED).map((name) => [name, !left.has(`${prefix}-${name}`)]);
			expect(swept).toEqual(Object.entries(PLANTED).map(([name, { isSwept }]) => [name, isSwept]));
			expect(stderr.mock.calls.flat().join('')).toMatch(new RegExp(`left alone: .*${prefix}-other-machine`));
		} finally {
			stderr.mockRestore();
			await Promise.all(planted.map((container) => container.remove().catch(() => {})));
		}
	},
);
