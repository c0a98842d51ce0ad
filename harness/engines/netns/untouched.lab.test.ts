/** The machine is as it was, while there is a lab in its namespaces and after: its rules, sysctls, interfaces, routes, mounts and /run/netns. */
import { expect, jest } from '@jest/globals';
import { Lab } from '../../lab.ts';
import { currentEngine } from '../../run/current.ts';
import { testOn } from '../../run/fixtures/on-engine.ts';
import { machineState } from './fixtures/machine-state.ts';

jest.setTimeout(120_000);
const testOnNetns = testOn('netns', 'about the machine that namespaces are made on; containers change it');

testOnNetns('a lab with sysctls, rules, a cut wire and a reboot changes nothing outside its namespaces', async () => {
	const before = await machineState();
	const lab = await Lab.create(await currentEngine(), { sysctls: { tcp_retries2: 3 } });
	try {
		const { client, server, link } = lab;
		await server.nc({ listen: 8080 });
		await client.sysctl({ tcp_fin_timeout: 7 });
		await client.drop({ name: 'lossy', destinationPort: 8080, every: 2 });
		await server.reject({ name: 'closed', destinationPort: 8081, with: 'tcp-reset' });
		await client.nc({ connect: server.port(8080) });
		await link.cut();
		await server.powerOff();
		await server.powerOn();
		await client.pause();
		expect(await machineState()).toEqual(before);
	} finally {
		// What broke nothing may say so here: it is not what this test asks.
		await lab.end().catch(() => {});
		await lab.destroy();
	}
	expect(await machineState()).toEqual(before);
});
