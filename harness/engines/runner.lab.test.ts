/**
 * The contract of an engine with the runner (engine.ts, EngineRunner), on the engine of this run. Each test opens its
 * own run.
 */
import { expect, jest, test } from '@jest/globals';
import { currentEngine } from '../run/current.ts';
import { inventory } from '../run/fixtures/inventory.ts';
import { ownRun } from '../run/fixtures/own-run.ts';
import type { RunIdentity } from './engine.ts';
import { output, reach } from './fixtures/machines.ts';

/** Creating hosts takes longer on a busy machine. */
jest.setTimeout(180_000);

const objectsOf = ({ id }: RunIdentity) => inventory.objects((run) => run.id === id);

test('a destroyed lab leaves nothing after any operations; close ends everything that open started', async () => {
	await using own = await ownRun();
	const lab = await own.engine.createLab();
	const { client, server } = lab.hosts;
	await client.kill();
	await client.revive();
	await client.pause();
	await server.powerOff();
	await server.powerOn();
	await server.kill();
	expect(await objectsOf(own.run)).not.toEqual([]);

	await lab.destroy();
	await own.close();
	expect(await objectsOf(own.run)).toEqual([]);
	expect(await own.runner.runs()).not.toContainEqual(expect.objectContaining({ id: own.run.id }));
});

test('runs returns a run with objects and its owner; sweep removes all of them, and nothing else', async () => {
	const others = await (await currentEngine()).createLab();
	try {
		const neighbour = await reach(others.hosts.client);
		await using own = await ownRun();
		const { id, owner } = own.run;
		const lab = await own.engine.createLab();
		await lab.hosts.client.pause();
		expect(await own.runner.runs()).toContainEqual({ id, owner });

		expect(await own.runner.sweep(own.run)).not.toEqual([]);
		expect(await objectsOf(own.run)).toEqual([]);
		expect(await own.runner.runs()).not.toContainEqual({ id, owner });
		expect(await own.runner.sweep(own.run)).toEqual([]);
		// Now destroy has nothing to remove.
		await lab.destroy();
		expect(await output(neighbour.userland, 'echo', 'alive')).toBe('alive');
	} finally {
		await others.destroy();
	}
});
