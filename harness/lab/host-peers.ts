import { HalfopenError } from '../errors.ts';
import type { Peer } from '../peers/peer.ts';
import { Program, type ProgramOptions } from '../peers/program.ts';
import { SocketProcess } from '../peers/socket.ts';
import type { HostName } from '../timeline/events.ts';
import type { Boot } from './boot.ts';
import type { LabContext } from './context.ts';

/** Starts the peers of one host and keeps a list of them. */
export class HostPeers {
	readonly #host: HostName;
	readonly #boot: () => Boot;
	readonly #context: LabContext;
	readonly #peers: Peer[] = [];

	/** `boot` returns the current boot of the host. It throws HOST_OFF while the power is off. */
	constructor(host: HostName, boot: () => Boot, context: LabContext) {
		this.#host = host;
		this.#boot = boot;
		this.#context = context;
	}

	/** Whether a program is running. Controlled sockets do not count: they only do what the spec says. */
	get hasProgram(): boolean {
		return this.#peers.some((peer) => peer instanceof Program && !peer.isOver);
	}

	startProgram(options: ProgramOptions): Promise<Program> {
		return this.#start((boot) => Program.start(boot, this.#host, this.#context, options));
	}

	startSocketProcess(name: string | undefined): Promise<SocketProcess> {
		return this.#start((boot) => SocketProcess.start(boot, this.#host, this.#context, name));
	}

	/** Sends SIGTERM to every peer and waits until all have ended. Throws HOST_PAUSED if they are frozen. */
	async terminate(): Promise<void> {
		if (this.#boot().programs === 'frozen') this.#assertRunning('none of them can react to a shutdown');
		for (const peer of this.#peers) if (peer.end === undefined) await peer.signal('SIGTERM');
		await Promise.all(this.#peers.map((peer) => peer.ended));
	}

	async #start<P extends Peer>(start: (boot: Boot) => Promise<P>): Promise<P> {
		this.#assertRunning('no program can be started on it');
		const peer = await this.#context.actions.during(() => start(this.#boot()));
		this.#peers.push(peer);
		return peer;
	}

	/**
	 * Throws HOST_PAUSED if the programs are frozen or killed, because userland's agent is frozen or killed with them.
	 */
	#assertRunning(consequence: string): void {
		const { programs } = this.#boot();
		if (programs === 'run') return;
		throw new HalfopenError('HOST_PAUSED', {
			problem: `The ${this.#host}’s programs are ${programs}: ${consequence}.`,
			remedy:
				programs === 'frozen' ? 'Heal the pause first.' : 'Heal the kill first: the host can run programs after that.',
		});
	}
}
