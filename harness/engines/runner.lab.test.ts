/**
 * The contract of an engine with the runner (engine.ts, EngineRunner), on the engine of this run. Each test opens its
 * own run.
 */
import { expect, jest, test } from '@jest/globals';
import { inventory } from '../run/fixtures/inventory.ts';
import { ownRun } from '../run/fixtures/own-run.ts';
import type { RunIdentity } from './engine.ts';
import { makeMachines, output, powerOff, powerOn } from './fixtures/machines.ts';

/** Creating hosts takes longer on a busy machine. */
jest.setTimeout(180_000);

const objectsOf = ({ id }: RunIdentity) => inventory.objects((run) => run.id === id);

test('a destroyed lab leaves nothing after any operations; close ends everything that open started', async () => {
	await using own = await ownRun();
	const { lab, wire, client, server } = await makeMachines(own.engine);
	await client.host.kill();
	await client.host.startUserland();
	await client.host.pause();
	await powerOff(wire, server);
	await powerOn(lab, wire, { host: 'server', boot: 2 });
	await server.host.kill();
	expect(await objectsOf(own.run)).not.toEqual([]);

	await lab.destroy();
	await own.close();
	expect(await objectsOf(own.run)).toEqual([]);
	expect(await own.runner.runs()).not.toContainEqual(expect.objectContaining({ id: own.run.id }));
});

test('runs returns a run with objects and its owner; sweep removes all of them, and nothing else', async () => {
	const others = await makeMachines();
	try {
		await using own = await ownRun();
		const { id, owner } = own.run;
		const { lab, client } = await makeMachines(own.engine);
		await client.host.pause();
		expect(await own.runner.runs()).toContainEqual({ id, owner });

		expect(await own.runner.sweep(own.run)).not.toEqual([]);
		expect(await objectsOf(own.run)).toEqual([]);
		expect(await own.runner.runs()).not.toContainEqual({ id, owner });
		expect(await own.runner.sweep(own.run)).toEqual([]);
		// Now destroy has nothing to remove.
		await lab.destroy();
		expect(await output(others.client.userland, 'echo', 'alive')).toBe('alive');
	} finally {
		await others.lab.destroy();
	}
});
