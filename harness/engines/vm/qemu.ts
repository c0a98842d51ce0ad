import { readFile, rm, stat } from 'node:fs/promises';
import { setTimeout as wait } from 'node:timers/promises';
import { quoted } from '../../util/quoted.ts';
import type { RunIdentity } from '../engine.ts';
import { commandLine, filesOf, type GuestFiles } from './qemu-command.ts';
import { ended, isGone, notAnswering, notStarted, unusable } from './qemu-errors.ts';
import { QemuProcess } from './qemu-process.ts';
import { Qmp } from './qmp.ts';

/** The files that a guest starts from: a kernel and an initramfs to boot, or a kernel and a snapshot to restore. */
export type BootSource =
	| { readonly kernel: string; readonly root: string }
	| { readonly kernel: string; readonly snapshot: string };

export interface StartOptions {
	/** Limit for booting, in ms of wall time. */
	readonly bootLimitMs?: number | undefined;
	/** Kills QEMU when aborted. */
	readonly signal?: AbortSignal | undefined;
}

/** Time for QEMU to open its monitor, and the interval of connection attempts. QEMU does not announce the monitor. */
const START_LIMIT_MS = 20_000;
const POLL_MS = 5;
/** A guest boots in about 8 s, and in 40 s on a busy machine. */
const BOOT_LIMIT_MS = 180_000;
/** A guest is saved or restored in half a second, and in 10 s on a slow disk. */
const MIGRATION_LIMIT_MS = 180_000;

/** A running QEMU. */
export class Qemu {
	/** The file that backs the memory which harness and guest share. */
	readonly memory: string;
	readonly #process: QemuProcess;
	readonly #monitor: Qmp;
	readonly #files: GuestFiles;

	/**
	 * Starts QEMU. Resolves when the guest has paused. `name` distinguishes the guest's files in `folder` from those of
	 * other guests. Rejects with SNAPSHOT_UNUSABLE, GUEST_LOST or ENGINE_REFUSED, or with the signal's reason; then no
	 * process or file remains.
	 */
	static async start(
		run: RunIdentity,
		source: BootSource,
		folder: string,
		name: string,
		{ bootLimitMs = BOOT_LIMIT_MS, signal }: StartOptions = {},
	): Promise<Qemu> {
		signal?.throwIfAborted();
		const files = filesOf(folder, name);
		const own = 'snapshot' in source ? ['-incoming', 'defer'] : ['-initrd', source.root];
		const process = new QemuProcess(run, [...commandLine(source.kernel, files), ...own]);
		signal?.addEventListener('abort', () => void process.kill(), { once: true });
		try {
			const qemu = new Qemu(process, await connectMonitor(process, files.monitor), files);
			if ('snapshot' in source) await qemu.#restore(source.snapshot);
			else await qemu.#waitForBoot(bootLimitMs);
			return qemu;
		} catch (error) {
			await process.kill();
			await remove(files);
			signal?.throwIfAborted();
			throw error;
		}
	}

	private constructor(process: QemuProcess, monitor: Qmp, files: GuestFiles) {
		this.#process = process;
		this.#monitor = monitor;
		this.#files = files;
		this.memory = files.memory;
	}

	/**
	 * Resumes the paused guest. Resolves when it has paused again. Rejects with GUEST_LOST if that takes longer than
	 * `limitMs` of wall time.
	 */
	async runUntilPaused(limitMs: number): Promise<void> {
		const paused = this.#waitForPause(limitMs);
		const continued = this.#monitor.execute('cont').catch((error: unknown) => {
			// The wait for the pause reports a better error.
			if (!isGone(error)) throw error;
		});
		await Promise.all([paused, continued]);
	}

	/** Writes the paused guest to a file. Rejects with DISK_FULL or SNAPSHOT_UNUSABLE; the guest has then ended. */
	async save(path: string): Promise<void> {
		await this.#migrate('migrate', `exec:cat >${quoted(path)}`);
	}

	/** Ends QEMU and removes its files. */
	async end(): Promise<void> {
		await this.#process.kill();
		await remove(this.#files);
	}

	async #restore(path: string): Promise<void> {
		const { size } = await stat(path).catch(() => ({ size: 0 }));
		// QEMU would wait for ever for the first bytes of an empty snapshot.
		if (size === 0) throw unusable('restored', `${path} is missing or empty`);
		await this.#migrate('migrate-incoming', `exec:cat ${quoted(path)}`);
	}

	async #migrate(command: 'migrate' | 'migrate-incoming', uri: string): Promise<void> {
		try {
			await this.#monitor.execute('migrate-set-capabilities', {
				capabilities: [{ capability: 'events', state: true }],
			});
			const ended = this.#monitor.event('MIGRATION', ({ status }) => status === 'completed' || status === 'failed');
			const [outcome] = await Promise.all([
				withTimeout(MIGRATION_LIMIT_MS, ended),
				this.#monitor.execute(command, { uri }),
			]);
			if (outcome?.status === 'completed') return;
			// The process at the other end of QEMU's pipe prints its error before it exits.
			await this.#process.kill();
		} catch (error) {
			if (!isGone(error)) throw error;
			const gone = await this.#ended();
			if (this.#process.signal) throw gone;
		}
		throw unusable(command === 'migrate' ? 'saved' : 'restored', `${uri}\n${this.#process.stderr}`);
	}

	async #waitForBoot(limitMs: number): Promise<void> {
		const paused = this.#waitForPause(limitMs);
		// The guest may have paused before the event was subscribed to.
		const before = this.#monitor.execute('query-status').then(
			(answer) => ((answer as { readonly status: string }).status === 'watchdog' ? undefined : paused),
			() => paused,
		);
		await Promise.race([paused, before]);
	}

	async #waitForPause(limitMs: number): Promise<void> {
		const paused = await withTimeout(limitMs, this.#monitor.event('STOP')).catch(async (error: unknown) => {
			throw isGone(error) ? await this.#ended() : error;
		});
		if (!paused) throw notAnswering(limitMs, await this.#console());
	}

	async #ended(): Promise<Error> {
		await this.#process.ended;
		return ended(this.#process.signal, await this.#console());
	}

	#console(): Promise<string> {
		return readFile(this.#files.console, 'utf8').catch(() => '');
	}
}

/** Connects to QEMU's monitor as soon as it accepts connections. */
async function connectMonitor(process: QemuProcess, path: string): Promise<Qmp> {
	let hasEnded = false;
	void process.ended.then(() => {
		hasEnded = true;
	});
	for (const limit = performance.now() + START_LIMIT_MS; !hasEnded && performance.now() < limit; await wait(POLL_MS)) {
		const monitor = await withTimeout(limit - performance.now(), Qmp.connect(path)).catch(() => undefined);
		if (monitor) return monitor;
	}
	throw notStarted(
		hasEnded
			? process.stderr
			: `it runs, but its monitor has not answered for ${START_LIMIT_MS / 1_000} s\n${process.stderr}`,
	);
}

/** Resolves with the result of `work`, or with undefined after `limitMs` of wall time. */
async function withTimeout<Value>(limitMs: number, work: Promise<Value>): Promise<Value | undefined> {
	const timer = new AbortController();
	try {
		return await Promise.race([work, wait(limitMs, undefined, { signal: timer.signal })]);
	} finally {
		timer.abort();
	}
}

async function remove(files: GuestFiles): Promise<void> {
	for (const path of Object.values(files)) await rm(path, { force: true });
}
