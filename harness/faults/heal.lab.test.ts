/**
 * If one fault cannot be healed, because something else removed its rule, all other faults are, and the lab is removed.
 */
import { expect, jest, test } from '@jest/globals';
import type { RunResult } from '../agent/agent.ts';
import { IPTABLES } from '../lab/iptables.ts';
import { Lab } from '../lab/lab.ts';
import { currentEngine } from '../run/current.ts';
import { inventory } from '../run/fixtures/inventory.ts';
import type { Fault } from './fault.ts';

/** A lab is ready in a second; a busy machine takes longer. */
jest.setTimeout(120_000);

interface BrokenFault {
	readonly what: string;
	readonly inject: (lab: Lab) => Promise<Fault>;
	/** Removes a rule behind the back of the lab, so that the fault cannot. */
	readonly remove: (lab: Lab) => Promise<RunResult>;
	readonly problem: string;
}

const BROKEN_FAULTS: readonly BrokenFault[] = [
	{
		what: 'a drop',
		inject: ({ server }) => server.drop({ name: 'broken', destinationPort: 9 }),
		remove: ({ server }) => server.boot.machine.run([IPTABLES[server.ipVersion], '-w', '-F', 'INPUT']),
		problem: 'The host’s firewall refused a rule.',
	},
	{
		what: 'a cut',
		inject: ({ link }) => link.cut({ name: 'broken' }),
		remove: async ({ wire }) => (await wire.agent).run(['nft', 'delete', 'table', 'bridge', 'halfopen']),
		problem: 'The firewall on the wire refused a command.',
	},
];

/** Injects the fault between two changes of sysctls, removes its rule, and runs `end`. */
async function withBrokenFault({ inject, remove }: BrokenFault, end: (fault: Fault, lab: Lab) => Promise<void>) {
	const lab = await Lab.create(await currentEngine());
	const { client, server, history } = lab;
	try {
		const values = async () =>
			(
				await server.boot.machine.run([
					'cat',
					...['retries1', 'retries2'].map((name) => `/proc/sys/net/ipv4/tcp_${name}`),
				])
			).out;
		const before = await values();
		await server.sysctl({ tcp_retries1: 1 });
		const fault = await inject(lab);
		await server.sysctl({ tcp_retries2: 1 });
		expect(await values()).toBe('1\n1\n');
		expect((await remove(lab)).status).toBe(0);
		await end(fault, lab);
		expect(await values()).toBe(before);
		const healed = history.of('fault').filter(({ phase }) => phase === 'healed');
		// The latest first. The fault that could not be healed is not recorded as healed.
		expect(healed.map(({ id }) => id)).toEqual(['sysctl-2', 'sysctl-1']);
	} finally {
		await lab.destroy();
	}
	expect(await inventory.addresses()).not.toContain(client.address);
}

test.each(BROKEN_FAULTS)('$what that the spec heals: heal() rejects, and the end does not reject again', (row) =>
	withBrokenFault(row, async (fault, lab) => {
		await expect(fault.heal()).rejects.toMatchObject({ code: 'ENGINE_REFUSED', problem: row.problem });
		await lab.end();
	}),
);

test.each(BROKEN_FAULTS)('$what that is left to the end: the end rejects', (row) =>
	withBrokenFault(row, async (_fault, lab) => {
		await expect(lab.end()).rejects.toMatchObject({ code: 'ENGINE_REFUSED', problem: row.problem });
	}),
);
