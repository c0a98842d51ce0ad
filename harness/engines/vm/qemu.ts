import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { HalfopenError } from '../../errors.ts';
import type { RunIdentity } from '../engine.ts';
import { markOf } from '../marked.ts';
import { MEETING_BYTES } from './meeting.ts';
import { Qmp } from './qmp.ts';

/** What a guest begins with: a kernel that boots a root, or a snapshot of one that has. */
export type Beginning = { readonly kernel: string; readonly root: string } | { readonly kernel: string; readonly snapshot: string };

export const QEMU = 'qemu-system-x86_64';
const MEMORY_MIB = 768;
/** How long QEMU takes to open its monitor, and how often that is looked for: it tells nobody. */
const START_LIMIT_MS = 20_000;
const LOOK_MS = 5;
const LAST_LINES = 15;
/** A guest boots in about 8 s, on a busy machine in 40. */
const BOOT_LIMIT_MS = 180_000;

/** Files of one guest, in a folder of the run's. */
export const filesOf = (folder: string, name: string) => ({
	console: join(folder, `${name}.console`),
	monitor: join(folder, `${name}.monitor`),
	memory: join(folder, `${name}.memory`),
});

/**
 * The computer. Its clock is the count of its instructions, one a nanosecond, and jumps when it has nothing to do (`icount`); nothing in it hears of
 * the time outside. Without cmpxchg16b, which QEMU 7.2 gets wrong at random; without HPET, on which QEMU 10 stops at every tick of an idle clock.
 */
export function commandLine(kernel: string, { console, monitor, memory }: ReturnType<typeof filesOf>): string[] {
	return [
		...['-nodefaults', '-no-user-config', '-nic', 'none', '-display', 'none', '-no-reboot'],
		...['-M', 'q35,hpet=off', '-m', String(MEMORY_MIB), '-accel', 'tcg,thread=single', '-cpu', 'max,cx16=off'],
		...['-icount', 'shift=0,sleep=off', '-rtc', 'base=2026-01-01T00:00:00,clock=vm', '-seed', '1'],
		...['-serial', `file:${console}`, '-qmp', `unix:${monitor},server=on,wait=off`],
		...['-device', 'i6300esb', '-action', 'watchdog=pause'],
		...['-object', `memory-backend-file,id=meeting,mem-path=${memory},size=${MEETING_BYTES},share=on`],
		...['-device', 'ivshmem-plain,memdev=meeting,master=on'],
		...['-kernel', kernel, '-append', 'console=ttyS0 quiet panic=-1 tsc=reliable nokaslr norandmaps mitigations=off'],
	];
}

/** A running QEMU. */
export class Qemu {
	/** The file in which harness and guest meet. */
	readonly memory: string;
	readonly #monitor: Qmp;
	readonly #child: ChildProcess;
	readonly #files: ReturnType<typeof filesOf>;

	/** Starts one, and passes when its guest has paused. `name` tells its files from others' in `folder`. */
	static async start(run: RunIdentity, beginning: Beginning, folder: string, name: string): Promise<Qemu> {
		const qemu = await Qemu.#launch(run, beginning, filesOf(folder, name));
		try {
			if ('snapshot' in beginning) await qemu.#restore(beginning.snapshot);
			else await qemu.#paused(BOOT_LIMIT_MS);
			return qemu;
		} catch (error) {
			await qemu.end();
			throw error;
		}
	}

	static async #launch(run: RunIdentity, beginning: Beginning, files: ReturnType<typeof filesOf>): Promise<Qemu> {
		const own = 'snapshot' in beginning ? ['-incoming', 'defer'] : ['-initrd', beginning.root];
		// The kernel ends it with the process that started it, however that dies.
		const child = spawn('setpriv', ['--pdeathsig', 'KILL', QEMU, ...commandLine(beginning.kernel, files), ...own], {
			stdio: ['ignore', 'ignore', 'pipe'],
			env: { PATH: process.env.PATH, ...markOf('vm', run) },
		});
		let said = '';
		child.stderr.on('data', (bytes: Buffer) => {
			said += bytes;
		});
		const ended = once(child, 'close').then(
			() => said,
			(error: Error) => `${said}${error.message}`,
		);
		const monitor = await Promise.race([connect(files.monitor), ended]);
		if (typeof monitor !== 'string') return new Qemu(child, monitor, files);
		await remove(files);
		throw new HalfopenError('ENGINE_REFUSED', {
			problem: 'QEMU did not start.',
			seen: monitor,
			remedy: 'Run `npm run setup -- --vm`; QEMU must be 7.2 or later.',
		});
	}

	private constructor(child: ChildProcess, monitor: Qmp, files: ReturnType<typeof filesOf>) {
		this.#child = child;
		this.#monitor = monitor;
		this.#files = files;
		this.memory = files.memory;
	}

	/** Lets the paused guest go on, and passes when it has paused again; rejects with GUEST_LOST if it does not within so many ms of wall time. */
	async runUntilPaused(limitMs: number): Promise<void> {
		const paused = this.#paused(limitMs);
		await Promise.all([paused, this.#monitor.execute('cont')]);
	}

	/** Writes the paused guest into a file. */
	async save(path: string): Promise<void> {
		await this.#migrate('migrate', `exec:cat >'${path.replaceAll("'", "'\\''")}'`);
	}

	/** Ends it at once, and removes its files. */
	async end(): Promise<void> {
		this.#monitor.close();
		if (this.#child.exitCode === null && this.#child.signalCode === null) {
			const exited = once(this.#child, 'exit');
			this.#child.kill('SIGKILL');
			await exited;
		}
		await remove(this.#files);
	}

	async #restore(path: string): Promise<void> {
		await this.#migrate('migrate-incoming', `exec:cat '${path.replaceAll("'", "'\\''")}'`);
	}

	async #migrate(command: string, uri: string): Promise<void> {
		await this.#monitor.execute('migrate-set-capabilities', { capabilities: [{ capability: 'events', state: true }] });
		const completed = this.#monitor.event('MIGRATION', ({ status }) => status === 'completed').then(() => 'completed');
		const failed = this.#monitor.event('MIGRATION', ({ status }) => status === 'failed').then(() => 'failed');
		for (const outcome of [completed, failed]) outcome.catch(() => {});
		await this.#monitor.execute(command, { uri });
		if ((await Promise.race([completed, failed])) === 'completed') return;
		throw new HalfopenError('SNAPSHOT_UNUSABLE', {
			problem: command === 'migrate' ? 'The guest could not be saved.' : 'The saved guest could not be restored.',
			seen: uri,
			remedy: 'Look whether the disk is full. What is saved can be removed at any time: it is made anew.',
		});
	}

	async #paused(limitMs: number): Promise<void> {
		const stop = new AbortController();
		try {
			const silence = wait(limitMs, true, { signal: stop.signal }).catch(() => false);
			const silent = await Promise.race([this.#monitor.event('STOP'), silence]);
			if (silent) throw await this.#lost(`A guest has not answered for ${limitMs / 1_000} s.`);
		} catch (error) {
			// A kernel that panics wants to reboot, and QEMU was told to end then.
			throw error instanceof HalfopenError && error.code === 'ENGINE_GONE' ? await this.#lost('A guest has ended by itself.') : error;
		} finally {
			stop.abort();
		}
	}

	async #lost(problem: string): Promise<HalfopenError> {
		const console = await readFile(this.#files.console, 'utf8').catch(() => '');
		return new HalfopenError('GUEST_LOST', {
			problem,
			seen: `the last lines of its console:\n${console.trimEnd().split('\n').slice(-LAST_LINES).join('\n')}`,
			remedy:
				'Read what its kernel said. If the kernel is of your own: it needs what the modules in `npm run kernels` stand for, and a serial console.',
		});
	}
}

async function connect(path: string): Promise<Qmp> {
	const limit = Date.now() + START_LIMIT_MS;
	for (;;) {
		try {
			return await Qmp.connect(path);
		} catch (error) {
			if (Date.now() > limit) throw error;
			await wait(LOOK_MS);
		}
	}
}

async function remove(files: ReturnType<typeof filesOf>): Promise<void> {
	for (const path of Object.values(files)) await rm(path, { force: true });
}
