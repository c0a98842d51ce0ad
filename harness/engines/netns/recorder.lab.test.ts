/**
 * When the recorder of the kernel's trace ends, all labs are notified, including later ones, and nothing is left of it.
 */
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { access, mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { connect, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from '@jest/globals';
import { testOn } from '../../run/fixtures/on-engine.ts';
import { thisProcess } from '../owner.ts';
import { TRACING } from '../trace-recorder.ts';
import { socketOf, startRecorder } from './recorder.ts';

const testOnNetns = testOn('netns', 'about the recorder that is a process of this machine');

/** Returns the pid of the process that reads the trace of this run. */
async function readerOf(id: string): Promise<number> {
	for (const pid of (await readdir('/proc')).filter((name) => /^\d+$/.test(name))) {
		const command = await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '');
		if (command.startsWith('cat\0') && command.includes(`halfopen-${id}/trace_pipe`)) return Number(pid);
	}
	throw new Error('no process reads the trace');
}

/** Returns everything that a lab receives until the end. */
async function receivedBy(lab: Socket): Promise<string> {
	const pieces: Buffer[] = [];
	lab.on('data', (piece: Buffer) => pieces.push(piece));
	await once(lab, 'end');
	return Buffer.concat(pieces).toString();
}

testOnNetns('its reader is killed: each lab receives the reason why the trace ended', async () => {
	const directory = await mkdtemp(join(tmpdir(), 'halfopen-recorder-'));
	const run = { id: `rec${process.pid}`, owner: thisProcess(), directory, family: 'ipv4' as const };
	const recorder = await startRecorder(run);
	try {
		if (recorder.recording !== 'yes') {
			// An ordinary user cannot record, and gets the reason. Root can if tracefs is mounted.
			expect(recorder.recording).toContain(TRACING);
			expect(process.getuid?.() === 0 && existsSync(`${TRACING}/instances`)).toBe(false);
			return;
		}
		const lab = connect(socketOf(run));
		await once(lab, 'connect');
		const last = receivedBy(lab);
		process.kill(await readerOf(run.id), 'SIGKILL');
		// 128 and the number of the signal (POSIX.1-2017, sh, 2.8.2).
		expect(await last).toContain('# ended: the reader of the trace pipe has ended (cat: status 137)');
		expect(await receivedBy(connect(socketOf(run)))).toContain('# ended:');
	} finally {
		await recorder.stop();
		await rm(directory, { recursive: true });
	}
	await expect(access(`${TRACING}/instances/halfopen-${run.id}`)).rejects.toMatchObject({ code: 'ENOENT' });
});
