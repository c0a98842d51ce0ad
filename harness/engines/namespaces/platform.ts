import type { Duplex, Readable } from 'node:stream';
import type { CommandResult } from '../../util/run-command.ts';

/** The system on which namespaces are made: this machine's, or a guest's. */
export interface Platform {
	/** Whether programs there are root's, or an ordinary user's, who becomes root in a user namespace of each lab. */
	readonly asRoot: boolean;
	/** What files hosts have there. */
	readonly files: HostFiles;
	/** Starts a program, with what hosts have in their environment. */
	start(argv: readonly string[]): Promise<PlatformProcess>;
	/** Runs a command to its end. */
	run(argv: readonly string[]): Promise<CommandResult>;
	/** The text of a file. */
	read(path: string): Promise<string>;
}

/**
 * Scripts for a shell in a host's mount namespace, before its agent. They may leave words in `confined` that the agent
 * is started behind, which take from it what it is not to have.
 */
export interface HostFiles {
	/** Gives a machine its files. */
	readonly machine: string;
	/** What a userland, which joins its machine's mounts, has otherwise. */
	readonly userland: string;
}

/** A process that the harness started on a ground. */
export interface PlatformProcess {
	readonly pid: number;
	/** Its standard input and output. */
	readonly channel: Duplex;
	readonly err: Readable;
	/** Resolves when it has ended, or could not be started: with what there is to say of that. Never rejects. */
	readonly exited: Promise<string>;
	/** Kills it, or, in its stead, a child of its, unless it has ended. */
	kill(child?: number): Promise<void>;
}
