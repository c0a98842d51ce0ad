/** What the virtual clock is for: two runs from one snapshot are the same, byte by byte. */
import { describe, expect, jest } from '@jest/globals';
import { PcapReader } from '../../formats/pcap.ts';
import { type PreparedKernel, preparedKernel } from '../../kernels/prepared.ts';
import { Lab } from '../../lab.ts';
import { testOn } from '../../run/fixtures/on-engine.ts';
import { currentRun } from '../../run/handover.ts';
import type { Engine } from '../engine.ts';
import { connectVm } from './engine.ts';
import { ensureSnapshot } from './snapshot.ts';

/** A kernel of which there is no snapshot yet boots first. */
jest.setTimeout(300_000);

const SERIES = ['5.10', '6.1', '6.12'];

/** All that is left of a story: the facts and events of its timeline, and the packets as both hosts saw them. */
interface Story {
	readonly timeline: string;
	readonly packets: readonly string[];
	readonly port: number;
	/** The absolute sequence number of the connection's SYN. */
	readonly sequence: number;
}

/** A connection, data, a cut wire, 15 s of retransmissions, the wire mended, the close. */
async function told(engine: Engine): Promise<Story> {
	const lab = await Lab.create(engine);
	try {
		const { client, server, link, timeline, clock, history } = lab;
		const { signal } = new AbortController();
		await server.nc({ listen: 8080 });
		const kang = await client.nc({ connect: server.port(8080) });
		await kang.type('kodos, are you there?\n');
		const cut = await link.cut();
		await kang.type('kodos?\n');
		await clock.sleep(15_000, signal);
		await cut.heal();
		await clock.sleep(15_000, signal);
		await kang.interrupt();
		await kang.ended;
		await timeline.context.flush();
		await lab.end();
		const files = [client.packets.bytes, server.packets.bytes].map((bytes) => Buffer.from(bytes));
		const syn = [...new PcapReader().push(files[0] ?? Buffer.alloc(0))].find((packet) => packet.kind === 'segment' && packet.flags === 'S');
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

/** Tells it on a new guest of this kernel. */
async function toldOn(kernel: PreparedKernel, seed = 0): Promise<Story> {
	const { run } = currentRun();
	const snapshot = await ensureSnapshot(run, kernel, run.directory);
	return told(connectVm(run, { ...snapshot, kernel: kernel.image, version: kernel.version ?? '', seed: String(seed) }));
}

const found = await Promise.all(
	SERIES.map(async (series) => ({ series, kernel: await preparedKernel(series).catch((error: Error) => error.message) })),
);

describe.each(found)('$series', ({ kernel }) => {
	const testIfThere = typeof kernel === 'string' ? testOn('', kernel) : testOn('vm', 'about time that is a guest’s own');

	testIfThere('a story is told the same, byte by byte, by two guests of Linux', async () => {
		if (typeof kernel === 'string') throw new Error(kernel);
		const [one, other] = [await toldOn(kernel), await toldOn(kernel)];
		expect(one.timeline).toContain('"retransmit"');
		expect(other.timeline).toBe(one.timeline);
		expect(other).toEqual(one);
	});
});
