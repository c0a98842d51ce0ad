/** A fault that cannot be healed, for somebody else has removed its rule: all others are, and the lab ends and goes. */
import { expect, jest, test } from '@jest/globals';
import { Lab } from '../lab/lab.ts';
import { currentEngine } from '../run/current.ts';
import { inventory } from '../run/fixtures/inventory.ts';
import type { Fault } from './fault.ts';

/** A lab is ready in a second; a busy machine takes longer. */
jest.setTimeout(120_000);

interface Row {
	readonly what: string;
	readonly inject: (lab: Lab) => Promise<Fault>;
	/** The tool that then fails to remove a rule, told to remove it first. */
	readonly remove: readonly string[];
	readonly problem: string;
}

const ROWS: readonly Row[] = [
	{
		what: 'a drop',
		inject: ({ server }) => server.drop({ name: 'broken', destinationPort: 9 }),
		remove: ['iptables', '-w', '-F', 'INPUT'],
		problem: 'The host’s firewall refused a rule.',
	},
	{
		what: 'a cut',
		inject: ({ link }) => link.cut({ name: 'broken' }),
		remove: ['arptables', '-F', 'INPUT'],
		problem: 'The host’s firewall refused an ARP rule.',
	},
];

/** Breaks it, with a sysctl before and another one behind it; then `end` has to find out. */
async function withBrokenFault({ inject, remove }: Row, end: (fault: Fault, lab: Lab) => Promise<void>) {
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
		expect((await server.boot.machine.run([...remove])).status).toBe(0);
		await end(fault, lab);
		expect(await values()).toBe(before);
		const healed = history.of('fault').filter(({ phase }) => phase === 'healed');
		// The latest first. What could not be healed is not told as healed.
		expect(healed.map(({ id }) => id)).toEqual(['sysctl-2', 'sysctl-1']);
	} finally {
		await lab.destroy();
	}
	expect(await inventory.addresses()).not.toContain(client.address);
}

test.each(ROWS)('$what that the spec heals: heal() rejects, and the end does not tell it again', (row) =>
	withBrokenFault(row, async (fault, lab) => {
		await expect(fault.heal()).rejects.toMatchObject({ code: 'ENGINE_REFUSED', problem: row.problem });
		await lab.end();
	}),
);

test.each(ROWS)('$what that is left to the end: the end rejects', (row) =>
	withBrokenFault(row, async (_fault, lab) => {
		await expect(lab.end()).rejects.toMatchObject({ code: 'ENGINE_REFUSED', problem: row.problem });
	}),
);
