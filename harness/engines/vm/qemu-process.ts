import { type ChildProcess, spawn } from 'node:child_process';
import type { RunIdentity } from '../engine.ts';
import { markOf } from '../marked.ts';
import { QEMU } from './qemu-command.ts';

/**
 * QEMU as a process of this machine, with what it starts itself. The kernel ends it with the process that started it,
 * however that dies.
 */
export class QemuProcess {
	/** Resolves when it has ended, and what it had started, too. */
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

	/** What it has complained of. */
	get stderr(): string {
		return this.#stderr;
	}

	/** The name of the signal that has ended it, if one has. */
	get signal(): NodeJS.Signals | null {
		return this.#child.signalCode;
	}

	/** Ends it at once. */
	async kill(): Promise<void> {
		this.#child.kill('SIGKILL');
		await this.ended;
	}
}
