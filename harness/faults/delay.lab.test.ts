/** A delay of the wire. Kernels without sch_netem cannot have one, and say so; guests have it. */
import { expect, type Fault, HalfopenError, scenario, type Timeline } from '../index.ts';

/** Injects a delay. Returns undefined, and records that, if the kernel cannot delay packets. */
async function unlessMissing(timeline: Timeline, delay: Promise<Fault>): Promise<Fault | undefined> {
	try {
		return await delay;
	} catch (error) {
		if (!(error instanceof HalfopenError) || error.code !== 'KERNEL_FEATURE_MISSING') throw error;
		timeline.context.history.skip({ what: 'link.delay', why: error.problem });
		return undefined;
	}
}

/** How long the segments of a host that carry data were on their way, in milliseconds. */
function travelTimesMs(timeline: Timeline, host: 'client' | 'server'): number[] {
	const data = timeline.segments(host).filter(({ length }) => length > 0);
	return data.map(({ t, arrived = Number.NaN }) => (arrived - t) * 1_000);
}

scenario(
	'link.delay from one host: its segments arrive so much later, and the fate is known',
	{},
	async ({ client, server, link, timeline }) => {
		const listener = await (await server.socket()).listen(8080);
		const near = await client.socket();
		await near.connect(server.port(8080));
		const far = await listener.accept();
		const delay = await unlessMissing(timeline, link.delay({ ms: 300, from: 'client' }));
		if (!delay) return;
		await expect(link.delay({ ms: 1, from: 'client' })).rejects.toMatchObject({ code: 'FAULT_WITHOUT_EFFECT' });

		await near.send('one');
		await expect(timeline).toShowSegment('> P. 3');
		await expect(far.recv()).toReturn(3);
		await far.send('two');
		await expect(near.recv()).toReturn(3);
		const [there = 0] = travelTimesMs(timeline, 'client');
		const [back = 0] = travelTimesMs(timeline, 'server');
		expect(there).toBeGreaterThanOrEqual(300);
		expect(back).toBeLessThan(300);

		await server.reboot();
		await delay.heal();
		const healed = timeline.context.history.of('fault').find(({ id, phase }) => id === delay.id && phase === 'healed');
		expect(healed?.proof).toMatch(/^packets delayed: \d+ to the server$/);
		await (await server.socket()).listen(8081);
		const after = await client.socket();
		await after.connect(server.port(8081));
		await after.send('three');
		await timeline.context.flush();
		expect(travelTimesMs(timeline, 'client').at(-1)).toBeLessThan(300);
	},
);

scenario('link.delay: what is not a delay is refused', {}, async ({ link }) => {
	await expect(link.delay({ ms: -1 })).rejects.toMatchObject({ code: 'OPTION_INVALID' });
	await expect(link.delay({ ms: 1, jitterMs: -1 })).rejects.toMatchObject({ code: 'OPTION_INVALID' });
});
