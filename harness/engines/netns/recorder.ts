import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer, type Server, type Socket } from 'node:net';
import { join } from 'node:path';
import type { Run } from '../engine.ts';
import { RECORDING, recorderCommand, TRACING } from '../trace.ts';
import { MARK, markOf } from './spaces.ts';

/** Where labs read the trace of their run: a socket in its folder, and so gone with it. */
export const socketOf = ({ directory }: Pick<Run, 'directory'>) => join(directory, 'trace');

/** The recorder of a run. */
export interface Recorder {
	/** `yes`, or why not. */
	readonly recording: string;
	stop(): Promise<void>;
}

/** Starts to record the kernel's trace, if that may be, and gives what it says from then on to each lab that connects. */
export async function startRecorder(run: Run): Promise<Recorder> {
	const [program = '', ...args] = recorderCommand(run);
	const recorder = spawn(program, args, { env: { PATH: process.env.PATH, [MARK]: markOf(run) } });
	recorder.stdin.on('error', () => {});
	const ended = once(recorder, 'close');
	if (!(await hasBegun(recorder))) {
		await ended;
		return { recording: `tracefs is root’s alone, or not mounted at ${TRACING}`, stop: async () => {} };
	}
	const readers = new Set<Socket>();
	recorder.stdout.on('data', (bytes: Buffer) => {
		for (const reader of readers) reader.write(bytes);
	});
	const server = createServer((reader) => {
		readers.add(reader);
		reader.on('error', () => {}).on('close', () => readers.delete(reader));
	});
	await listening(server, socketOf(run));
	return {
		recording: 'yes',
		stop: async () => {
			server.close();
			for (const reader of readers) reader.destroy();
			recorder.stdin.end();
			await ended;
		},
	};
}

async function hasBegun(recorder: ChildProcessWithoutNullStreams): Promise<boolean> {
	return new Promise((resolve) => {
		recorder.stdout.on('data', (bytes: Buffer) => bytes.includes(RECORDING) && resolve(true));
		recorder.on('close', () => resolve(false));
		recorder.on('error', () => resolve(false));
	});
}

async function listening(server: Server, path: string): Promise<void> {
	// The run does not stay open for its sake.
	server.unref();
	server.listen(path);
	await once(server, 'listening');
}
