import { type ChildProcess, spawn } from 'node:child_process';
import type { RunIdentity } from '../engine.ts';
import { markOf } from '../marked.ts';
import { QEMU } from './qemu-command.ts';

/**
 * A QEMU process and its children. `setpriv --pdeathsig` makes the kernel kill QEMU when the process that started it
 * dies.
 */
export class QemuProcess {
	/** Resolves when QEMU and its children have ended. */
	readonly ended: Promise<void>;
	readonly #child: ChildProcess;
	#stderr = '';

	constructor(run: RunIdentity, args: readonly string[]) {
		this.#child = spawn('setpriv', ['--pdeathsig', 'KILL', QEMU, ...args], {
			stdio: ['ignore', 'ignore', 'pipe'],
			env: { PATH: process.env.PATH, ...markOf('vm', run) },
		});
		this.#child.stderr?.on('data', (bytes: Buffer) => {
			this.#stderr += bytes;
		});
		this.#child.on('error', ({ message }) => {
			this.#stderr += message;
		});
		this.ended = new Promise((resolve) => this.#child.once('close', () => resolve()));
	}

	/** What QEMU has written to stderr. */
	get stderr(): string {
		return this.#stderr;
	}

	/** The name of the signal that killed QEMU, if any. */
	get signal(): NodeJS.Signals | null {
		return this.#child.signalCode;
	}

	/** Kills QEMU. Resolves when it has ended. */
	async kill(): Promise<void> {
		this.#child.kill('SIGKILL');
		await this.ended;
	}
}
