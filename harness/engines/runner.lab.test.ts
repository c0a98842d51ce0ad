/**
 * What every engine owes the runner (engine.ts, EngineRunner), on the engine of this run: each test opens a run of its
 * own.
 */
import { expect, jest, test } from '@jest/globals';
import { currentEngine } from '../run/current.ts';
import { inventory } from '../run/fixtures/inventory.ts';
import { ownRun } from '../run/fixtures/own-run.ts';
import type { RunIdentity } from './engine.ts';
import { output, reach } from './fixtures/machines.ts';

/** For making hosts on a busy machine. */
jest.setTimeout(180_000);

const thingsOf = ({ id }: RunIdentity) => inventory.things((run) => run.id === id);

test('a lab that is destroyed, whatever befell its hosts, leaves nothing; close ends what open started', async () => {
	await using own = await ownRun();
	const lab = await own.engine.createLab();
	const { client, server } = lab.hosts;
	await client.kill();
	await client.revive();
	await client.pause();
	await server.powerOff();
	await server.powerOn();
	await server.kill();
	expect(await thingsOf(own.run)).not.toEqual([]);

	await lab.destroy();
	await own.close();
	expect(await thingsOf(own.run)).toEqual([]);
	expect(await own.runner.runs()).not.toContainEqual(expect.objectContaining({ id: own.run.id }));
});

test('runs tells of a run that has something, and whose it is; sweep removes all of it, and nothing of another', async () => {
	const others = await (await currentEngine()).createLab();
	try {
		const neighbour = await reach(others.hosts.client);
		await using own = await ownRun();
		const { id, owner } = own.run;
		const lab = await own.engine.createLab();
		await lab.hosts.client.pause();
		expect(await own.runner.runs()).toContainEqual({ id, owner });

		expect(await own.runner.sweep(own.run)).not.toEqual([]);
		expect(await thingsOf(own.run)).toEqual([]);
		expect(await own.runner.runs()).not.toContainEqual({ id, owner });
		expect(await own.runner.sweep(own.run)).toEqual([]);
		// Its own destroy finds nothing to do.
		await lab.destroy();
		expect(await output(neighbour.userland, 'echo', 'alive')).toBe('alive');
	} finally {
		await others.destroy();
	}
});
