import { readFile, rm, stat } from 'node:fs/promises';
import { setTimeout as wait } from 'node:timers/promises';
import type { RunIdentity } from '../engine.ts';
import { commandLine, filesOf, type GuestFiles } from './qemu-command.ts';
import { ended, isGone, notStarted, silent, unusable } from './qemu-errors.ts';
import { QemuProcess } from './qemu-process.ts';
import { Qmp } from './qmp.ts';

/** What a guest begins with: a kernel that boots a root, or a snapshot of one that has. */
export type BootSource =
	| { readonly kernel: string; readonly root: string }
	| { readonly kernel: string; readonly snapshot: string };

export interface StartOptions {
	/** How long a kernel may take to boot, in ms of wall time. */
	readonly bootLimitMs?: number | undefined;
	/** Ends QEMU at once, whatever it does. */
	readonly signal?: AbortSignal | undefined;
}

/** How long QEMU takes to open its monitor, and how often that is looked for: it tells nobody. */
const START_LIMIT_MS = 20_000;
const POLL_MS = 5;
/** A guest boots in about 8 s, on a busy machine in 40. */
const BOOT_LIMIT_MS = 180_000;
/** A guest is saved and restored in half a second, on a slow disk in ten. */
const MIGRATION_LIMIT_MS = 180_000;

/** A running QEMU. */
export class Qemu {
	/** The file in which harness and guest meet. */
	readonly memory: string;
	readonly #process: QemuProcess;
	readonly #monitor: Qmp;
	readonly #files: GuestFiles;

	/**
	 * Starts one, and passes when its guest has paused. `name` tells its files from others' in `folder`. Where that fails
	 * nothing is left: with SNAPSHOT_UNUSABLE, GUEST_LOST or ENGINE_REFUSED, or with the signal's reason.
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
	 * Lets the paused guest go on, and passes when it has paused again; rejects with GUEST_LOST if it does not within so
	 * many ms of wall time.
	 */
	async runUntilPaused(limitMs: number): Promise<void> {
		const paused = this.#waitForPause(limitMs);
		const continued = this.#monitor.execute('cont').catch((error: unknown) => {
			// Who waits for the guest knows more.
			if (!isGone(error)) throw error;
		});
		await Promise.all([paused, continued]);
	}

	/**
	 * Writes the paused guest into a file. Rejects with DISK_FULL where it has no room, and, like SNAPSHOT_UNUSABLE, that
	 * is the end of the guest.
	 */
	async save(path: string): Promise<void> {
		await this.#migrate('migrate', `exec:cat >${quoted(path)}`);
	}

	/** Ends it at once, and removes its files. */
	async end(): Promise<void> {
		await this.#process.kill();
		await remove(this.#files);
	}

	async #restore(path: string): Promise<void> {
		const { size } = await stat(path).catch(() => ({ size: 0 }));
		// QEMU would wait for the first word for ever.
		if (size === 0) throw unusable('restored', `${path} is not there, or empty`);
		await this.#migrate('migrate-incoming', `exec:cat ${quoted(path)}`);
	}

	async #migrate(command: 'migrate' | 'migrate-incoming', uri: string): Promise<void> {
		try {
			await this.#monitor.execute('migrate-set-capabilities', {
				capabilities: [{ capability: 'events', state: true }],
			});
			const over = this.#monitor.event('MIGRATION', ({ status }) => status === 'completed' || status === 'failed');
			const [outcome] = await Promise.all([
				withTimeout(MIGRATION_LIMIT_MS, over),
				this.#monitor.execute(command, { uri }),
			]);
			if (outcome?.status === 'completed') return;
			// What runs at the other end of its pipe complains before that ends.
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
		// It may have paused before we listened.
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
		if (!paused) throw silent(limitMs, await this.#console());
	}

	async #ended(): Promise<Error> {
		await this.#process.ended;
		return ended(this.#process.signal, await this.#console());
	}

	#console(): Promise<string> {
		return readFile(this.#files.console, 'utf8').catch(() => '');
	}
}

/** Looks for the monitor until it is there, and QEMU with it. */
async function connectMonitor(process: QemuProcess, path: string): Promise<Qmp> {
	let over = false;
	void process.ended.then(() => {
		over = true;
	});
	for (const limit = performance.now() + START_LIMIT_MS; !over && performance.now() < limit; await wait(POLL_MS)) {
		const monitor = await withTimeout(limit - performance.now(), Qmp.connect(path)).catch(() => undefined);
		if (monitor) return monitor;
	}
	throw notStarted(
		over
			? process.stderr
			: `it runs, but its monitor has not answered for ${START_LIMIT_MS / 1_000} s\n${process.stderr}`,
	);
}

/** What it passes with, or nothing when so many ms of wall time have passed. */
async function withTimeout<Value>(limitMs: number, work: Promise<Value>): Promise<Value | undefined> {
	const over = new AbortController();
	try {
		return await Promise.race([work, wait(limitMs, undefined, { signal: over.signal })]);
	} finally {
		over.abort();
	}
}

/** As one word of a shell's. */
const quoted = (path: string) => `'${path.replaceAll("'", "'\\''")}'`;

async function remove(files: GuestFiles): Promise<void> {
	for (const path of Object.values(files)) await rm(path, { force: true });
}
