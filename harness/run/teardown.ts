/** Jest's globalTeardown: closes the run. Then the watchdog sweeps, and a message lists what it had to remove. */
export default async function teardown(): Promise<void> {
	const run = globalThis.halfopenRun;
	if (!run) return;
	globalThis.halfopenRun = undefined;
	await run.open.close();
	const swept = await run.watchdog.dismiss();
	if (swept.length > 0) process.stderr.write(`halfopen: removed what was left behind: ${swept.join(', ')}\n`);
}
