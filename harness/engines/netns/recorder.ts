import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer, type Server, type Socket } from 'node:net';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { Run } from '../engine.ts';
import { markOf } from '../marked.ts';
import { RECORDING, type Recorder, recorderCommand, TRACING } from '../trace-recorder.ts';

/** Returns the socket from which labs read the trace of their run. It is in the run's folder and removed with it. */
export const socketOf = ({ directory }: Pick<Run, 'directory'>) => join(directory, 'trace');

/**
 * In bytes: sockaddr_un has 108, including a terminating zero. Node truncates a longer path, so the socket would be
 * created elsewhere.
 */
const MAX_SOCKET_PATH = 107;

/** Starts recording the kernel's trace, if that is permitted, and sends it to each lab that connects. */
export async function startRecorder(run: Run): Promise<Recorder> {
	const [program = '', ...args] = recorderCommand(run);
	const recorder = spawn(program, args, { env: { PATH: process.env.PATH, ...markOf('netns', run) } });
	recorder.stdin.on('error', () => {});
	const ended = once(recorder, 'close');
	let stderr = '';
	recorder.stderr.on('data', (bytes: Buffer) => {
		stderr += bytes;
	});
	if (!(await hasStarted(recorder))) {
		await ended;
		return {
			recording: `tracefs is root’s alone, or not mounted at ${TRACING}: ${stderr.trim()}`,
			stop: async () => {},
		};
	}
	const readers = new Set<Socket>();
	// A new reader starts with a complete line.
	const lines = createInterface({ input: recorder.stdout });
	let latest = '';
	let hasEnded = false;
	lines.on('line', (line) => {
		latest = line;
		for (const reader of readers) reader.write(`${line}\n`);
	});
	lines.on('close', () => {
		hasEnded = true;
		for (const reader of readers) reader.end();
	});
	const server = createServer((reader) => {
		// A late reader gets the last line, which says how the trace ended.
		if (hasEnded) return void reader.on('error', () => {}).end(`${latest}\n`);
		readers.add(reader);
		reader.on('error', () => {}).on('close', () => readers.delete(reader));
	});
	if (Buffer.byteLength(socketOf(run)) > MAX_SOCKET_PATH) {
		recorder.stdin.end();
		await ended;
		return {
			recording: `the path of the run’s folder is too long for a socket: ${socketOf(run)}`,
			stop: async () => {},
		};
	}
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

async function hasStarted(recorder: ChildProcessWithoutNullStreams): Promise<boolean> {
	return new Promise((resolve) => {
		recorder.stdout.on('data', (bytes: Buffer) => bytes.includes(RECORDING) && resolve(true));
		recorder.on('close', () => resolve(false));
		recorder.on('error', () => resolve(false));
	});
}

async function listening(server: Server, path: string): Promise<void> {
	// The server must not keep the process alive.
	server.unref();
	server.listen(path);
	await once(server, 'listening');
}
