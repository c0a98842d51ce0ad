import { PassThrough } from 'node:stream';
import type { Agent } from '../../agent/agent.ts';
import { quietResolvers } from '../../agent/promises.ts';
import type { KernelTrace } from '../engine.ts';
import { RECORDING, recorderCommand } from '../trace-recorder.ts';

/** Owner of the trace instance in a guest. No other run can use that guest. */
const GUEST = { id: 'guest', owner: 'guest' };

/** Starts recording the kernel's trace in a guest. Returns the trace as a stream. */
export async function traceOfGuest(agent: Agent): Promise<KernelTrace> {
	const trace = new PassThrough();
	const recording = quietResolvers<void>();
	let stderr = '';
	/** Output before recording starts. It is not part of the trace. */
	let header: string | undefined = '';
	const onOutput = (bytes: Buffer): void => {
		if (header === undefined) return void trace.write(bytes);
		header += bytes;
		const [, trailing] = header.split(`${RECORDING}\n`);
		if (trailing === undefined) return;
		header = undefined;
		trace.write(trailing);
		recording.resolve();
	};
	const recorder = await agent.spawn(recorderCommand(GUEST), {
		out: onOutput,
		err: (bytes) => {
			stderr += bytes;
		},
	});
	const ended = await Promise.race([recording.promise, recorder.exited]);
	if (ended) return { unavailable: `the guest’s kernel does not trace: ${stderr.trim()}` };
	recorder.exited.then(
		() => trace.end(),
		(error: Error) => trace.destroy(error),
	);
	return trace.on('error', () => {});
}
