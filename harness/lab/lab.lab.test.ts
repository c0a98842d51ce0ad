import { test } from '@jest/globals';
import { expect } from '../matchers/expect.ts';
import { currentEngine } from '../run/current.ts';
import { Lab } from './lab.ts';

/** A lab is ready in a second; a busy machine takes longer. */
const LIMIT_MS = 120_000;

test(
	'if the kernel’s trace cannot be read, states are sampled, and the history says so',
	async () => {
		const engine = await currentEngine();
		const createLab = async () => ({
			...(await engine.createLab()),
			kernelTrace: async () => ({ unavailable: 'tracefs is not mounted' }),
		});
		const lab = await Lab.create({ ...engine, createLab });
		try {
			const { client, server, timeline } = lab;
			const listener = await (await server.socket()).listen(8080);
			const a = await client.socket();
			await a.connect(server.port(8080));
			const b = await listener.accept();
			// A state that ends before the next sample would be missed, so the test waits for each.
			await expect(client).toHaveSocket({ state: 'ESTAB' });
			await expect(server).toHaveSocket({ state: 'ESTAB' });
			await b.shutdown('WR');
			await expect(client).toHaveSocket({ state: 'CLOSE-WAIT' });
			await expect(server).toHaveSocket({ state: 'FIN-WAIT-2' });
			expect(new Set(lab.history.of('state').map(({ how }) => how))).toEqual(new Set(['sampled']));
			expect(lab.history.losses).toEqual([
				{ observer: 'kernel', what: expect.stringContaining('tracefs is not mounted') },
			]);
			expect(timeline.errors()).toEqual([]);
			// Expectations that need the kernel's own events are skipped: the first one is false, and the second state may be
			// too short for a sample.
			await expect(client).toReport('ETIMEDOUT');
			await expect(server).toHavePassedThrough('CLOSING');
			expect(lab.history.skipped.map(({ what }) => what)).toEqual([
				'the client’s kernel to report ETIMEDOUT',
				'the server to pass through CLOSING',
			]);
			await lab.end();
		} finally {
			await lab.destroy();
		}
	},
	LIMIT_MS,
);
