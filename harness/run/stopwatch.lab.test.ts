/** The time in which a tool runs or a program starts counts for the kernel, not for the harness. */
import { expect, test } from '@jest/globals';
import { Lab } from '../lab/lab.ts';
import { OpenWaits } from '../lab/open-waits.ts';
import { currentEngine } from './current.ts';
import { Stopwatch } from './stopwatch.ts';

test('the time of a tool and of the start of a program counts for the kernel', async () => {
	const engine = await currentEngine();
	const stopwatch = new Stopwatch();
	const lab = await Lab.create(engine, {}, new OpenWaits([() => stopwatch.begin('kernel')]));
	try {
		/** Returns the cost of some work. */
		const spentIn = async (work: () => Promise<unknown>) => {
			const before = stopwatch.cost;
			await work();
			const { kernel, harness } = stopwatch.cost;
			return { kernel: kernel - before.kernel, harness: harness - before.harness };
		};
		// In virtual time an hour passes as soon as the guest is idle.
		const tool = await spentIn(() => lab.client.tool('sleep', engine.virtualTime ? '3600' : '1'));
		expect(tool.kernel).toBeGreaterThan(tool.harness);
		if (!engine.virtualTime) expect(tool.kernel).toBeGreaterThanOrEqual(1);
		const start = await spentIn(() => lab.server.echoServer({ listen: 8080 }));
		expect(start.kernel).toBeGreaterThan(start.harness);
	} finally {
		await lab.end();
		await lab.destroy();
	}
});
