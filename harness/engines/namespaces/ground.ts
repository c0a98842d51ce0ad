import type { Duplex, Readable } from 'node:stream';
import type { CommandResult } from '../command.ts';

/** The system on which namespaces are made: this machine's, or a guest's. */
export interface Ground {
	/** Whether programs there are root's, or an ordinary user's, who becomes root in a user namespace of each lab. */
	readonly asRoot: boolean;
	/** The folder there that comes to lie over a host's /opt. */
	readonly opt: string;
	/** Starts a program, with what hosts have in their environment. */
	start(argv: readonly string[]): Promise<GroundProcess>;
	/** Runs a command to its end. */
	run(argv: readonly string[]): Promise<CommandResult>;
	/** The text of a file. */
	read(path: string): Promise<string>;
}

/** A process that the harness started on a ground. */
export interface GroundProcess {
	readonly pid: number;
	/** Its standard input and output. */
	readonly channel: Duplex;
	readonly err: Readable;
	/** Passes when it has ended, or could not be started: with what there is to say of that. Never rejects. */
	readonly exited: Promise<string>;
	/** Kills it, or, in its stead, a child of its, unless it has ended. */
	kill(child?: number): Promise<void>;
}
