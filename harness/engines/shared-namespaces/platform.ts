import type { Duplex, Readable } from 'node:stream';
import type { CommandResult } from '../../util/run-command.ts';

/** The system on which namespaces are created: this machine, or a guest. */
export interface Platform {
	/** Whether programs run as root. An ordinary user becomes root in a user namespace of each lab. */
	readonly asRoot: boolean;
	/** The scripts that set up the hosts' files. */
	readonly files: HostFiles;
	/** Starts a program with the environment of hosts. */
	start(argv: readonly string[]): Promise<PlatformProcess>;
	/** Runs a command to its end. */
	run(argv: readonly string[]): Promise<CommandResult>;
	/** Reads a text file. */
	read(path: string): Promise<string>;
}

/**
 * Shell scripts that run in a host's mount namespace before its agent. They may set `confined` to a command prefix for
 * the agent that reduces its privileges.
 */
export interface HostFiles {
	/** For a machine. */
	readonly machine: string;
	/** For a userland, which starts with its machine's mounts. */
	readonly userland: string;
}

/** A process on the platform. */
export interface PlatformProcess {
	readonly pid: number;
	/** Its standard input and output. */
	readonly channel: Duplex;
	readonly err: Readable;
	/** Resolves when the process has ended, or could not be started, with a message that may be empty. Never rejects. */
	readonly exited: Promise<string>;
	/** Kills the process, or `child` instead of it. Does nothing if the process has ended. */
	kill(child?: number): Promise<void>;
}
