/**
 * Where a lab's time goes: a tool that runs, and a program that starts, are waited for; they are none of the harness's
 * work.
 */
import { expect, test } from '@jest/globals';
import { Lab } from '../lab/lab.ts';
import { OpenWaits } from '../lab/open-waits.ts';
import { currentEngine } from './current.ts';
import { Stopwatch } from './stopwatch.ts';

test('the time under a tool and while a program starts is the kernel’s', async () => {
	const engine = await currentEngine();
	const stopwatch = new Stopwatch();
	const lab = await Lab.create(engine, {}, new OpenWaits([() => stopwatch.begin('kernel')]));
	try {
		/** What was spent during some work. */
		const spentIn = async (work: () => Promise<unknown>) => {
			const before = stopwatch.cost;
			await work();
			const { kernel, harness } = stopwatch.cost;
			return { kernel: kernel - before.kernel, harness: harness - before.harness };
		};
		// Where time is virtual, an hour is over as soon as the guest has nothing else to do.
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
