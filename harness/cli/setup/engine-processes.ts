import { readdir, readFile } from 'node:fs/promises';
import { runAsRoot } from './commands.ts';
import { say } from './steps.ts';

/** The pid files that an engine leaves when it is killed, and the program that each belongs to. */
const pidFiles = [
	{ path: '/var/run/docker.pid', program: 'dockerd' },
	{ path: '/var/run/docker-ssd.pid', program: 'dockerd' },
	{ path: '/var/run/docker/containerd/containerd.pid', program: 'containerd' },
] as const;

/** Whether a process of this program runs. */
export async function isRunning(program: string): Promise<boolean> {
	const pids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name));
	const names = await Promise.all(pids.map(programOf));
	return names.includes(program);
}

/**
 * Removes the pid files of an engine that has died. Their pid may belong to another process by now, and a new engine
 * would refuse to start or wait for that process.
 */
export async function removeStalePidFiles(): Promise<void> {
	for (const { path, program } of pidFiles) {
		const pid = await readPid(path);
		if (pid === undefined || (await programOf(pid)) === program) continue;
		say(`* ${path} is left over from an engine that is gone: removing it`);
		await runAsRoot(['rm', '-f', path]);
	}
}

/** Returns undefined if the file does not exist. The engine's folder may be readable by root only. */
async function readPid(path: string): Promise<string | undefined> {
	try {
		return (await readFile(path, 'utf8')).trim();
	} catch (error) {
		if ((error as NodeJS.ErrnoException).code !== 'EACCES') return undefined;
		const [pid] = await runAsRoot(['cat', path]).catch(() => []);
		return pid;
	}
}

/** Returns the name of a process's program, or undefined if the process has ended. A zombie has ended. */
async function programOf(pid: string): Promise<string | undefined> {
	const status = await readFile(`/proc/${pid}/status`, 'utf8').catch(() => '');
	if (/^State:\s+[ZX]/m.test(status)) return undefined;
	return /^Name:\s+(.*)$/m.exec(status)?.[1];
}
