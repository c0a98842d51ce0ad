/** Two runs from one snapshot are the same, byte by byte. That is the purpose of the virtual clock. */
import { expect, jest, test } from '@jest/globals';
import type { HalfopenError } from '../../errors.ts';
import { PcapReader } from '../../formats/pcap.ts';
import { type PreparedKernel, preparedKernel } from '../../kernels/prepared.ts';
import { Lab } from '../../lab/lab.ts';
import { testOn } from '../../run/fixtures/on-engine.ts';
import { currentRun } from '../../run/handover.ts';
import type { Engine } from '../engine.ts';
import { connectVm, type VmFacts } from './connect.ts';
import { ensureSnapshot } from './snapshot.ts';

/** A kernel without a snapshot is booted first. */
jest.setTimeout(300_000);

const SERIES = ['5.10', '6.1', '6.12'];

/** The results of a scenario: the facts and events of its timeline, and the packets of both captures. */
interface ScenarioResult {
	readonly timeline: string;
	readonly packets: readonly string[];
	readonly port: number;
	/** The absolute sequence number of the connection's SYN. */
	readonly sequence: number;
}

/** Runs a scenario: a connection, data, a cut wire, 15 s of retransmissions, the wire healed, the close. */
async function runScenario(engine: Engine): Promise<ScenarioResult> {
	const lab = await Lab.create(engine);
	try {
		const { client, server, link, timeline, clock, history } = lab;
		const { signal } = new AbortController();
		await server.nc({ listen: 8080 });
		const writer = await client.nc({ connect: server.port(8080) });
		await writer.type('hello, are you there?\n');
		const cut = await link.cut();
		await writer.type('hello?\n');
		await clock.sleep(15_000, signal);
		await cut.heal();
		await clock.sleep(15_000, signal);
		await writer.interrupt();
		await writer.ended;
		await timeline.context.flush();
		await lab.end();
		const files = [client.packets.bytes, server.packets.bytes].map((bytes) => Buffer.from(bytes));
		const syn = [...new PcapReader().push(files[0] ?? Buffer.alloc(0))].find(
			(packet) => packet.kind === 'segment' && packet.flags === 'S',
		);
		if (syn?.kind !== 'segment') throw new Error('the client has sent no SYN');
		return {
			timeline: JSON.stringify([lab.facts, history.losses, history.events], null, 1),
			packets: files.map((file) => file.toString('base64')),
			port: syn.from.port,
			sequence: syn.seq,
		};
	} finally {
		await lab.destroy();
	}
}

/** Runs the scenario on a guest with this kernel, whatever the kernel of this run. */
async function runScenarioOn(kernel: PreparedKernel): Promise<ScenarioResult> {
	const { run } = currentRun();
	const snapshot = await ensureSnapshot(run, kernel, run.directory);
	return runScenario(connectVm(run, { ...snapshot, kernel: kernel.image, version: kernel.version ?? '', seed: '0' }));
}

const testOnGuests = testOn('vm', 'about the clock and the random numbers of a guest');

for (const series of SERIES) {
	const name = `${series}: two guests run a scenario identically, byte by byte`;
	const kernel = await preparedKernel(series).catch(({ remedy }: HalfopenError) => remedy);
	if (typeof kernel === 'string') test.skip(`${name} (skipped: there is no such kernel here; ${kernel})`, () => {});
	else {
		testOnGuests(name, async () => {
			const [one, other] = [await runScenarioOn(kernel), await runScenarioOn(kernel)];
			expect(one.timeline).toContain('"retransmit"');
			expect(other.timeline).toBe(one.timeline);
			expect(other).toEqual(one);
		});
	}
}

testOnGuests('another seed leads to other ports and sequence numbers, and the same seed to the same ones', async () => {
	const { run, facts } = currentRun();
	const outcomes = [];
	for (const seed of ['0', '7', '7', '8'])
		outcomes.push(await runScenario(connectVm(run, { ...(facts as VmFacts), seed })));
	const [none, seven, again, eight] = outcomes;
	expect(again).toEqual(seven);
	expect(new Set([none?.port, seven?.port, eight?.port]).size).toBe(3);
	expect(new Set([none?.sequence, seven?.sequence, eight?.sequence]).size).toBe(3);
});
