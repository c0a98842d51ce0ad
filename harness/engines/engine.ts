import type { Duplex, Readable } from 'node:stream';
import type { HostName } from '../timeline/events.ts';

/** What distinguishes this run from every other: its id, and who to ask whether it still lives. */
export interface RunIdentity {
	/** Short, lower case, safe in paths and in names of containers, networks and trace instances (run-identity.ts). */
	readonly id: string;
	/** The runner, as `owner.ts` tells of a process. */
	readonly owner: string;
}

export interface Run extends RunIdentity {
	/** A folder of the run's own, outside the project, that goes with it. */
	readonly directory: string;
}

/** One engine, before and after the labs: in the runner, never in a worker. */
export interface EngineRunner {
	readonly name: string;
	/**
	 * Checks that hosts can be made here, and starts what all labs of the run share. Returns what the workers must know
	 * to `connect`.
	 */
	open(run: Run): Promise<OpenRun>;
	/** The runs, of whichever owner, that have something here. */
	runs(): Promise<RunIdentity[]>;
	/**
	 * Removes whatever this run still has; returns what it removed, by name. With `quietMs` it goes on until nothing new
	 * has come for so long: what was asked for by a process that is no more is still being made.
	 */
	sweep(run: RunIdentity, options?: { readonly quietMs?: number }): Promise<string[]>;
}

export interface OpenRun {
	/** For the workers: plain values that survive an environment variable. */
	readonly facts: Readonly<Record<string, string>>;
	/** Ends what `open` started. */
	close(): Promise<void>;
}

/**
 * What a lab needs of the place where hosts live: two machines, the wire between them, and what only the outside can
 * do. All else goes through the agents.
 */
export interface Engine {
	readonly name: string;
	/** What this engine knows of itself, for the head of the timeline: its version. */
	readonly tools: Readonly<Record<string, string>>;
	/** Names of the sysctls below net.ipv4 that a host has. */
	readonly sysctls: ReadonlySet<string>;
	/**
	 * Whether time in its labs is the guests' own, which passes only while somebody waits for it: then no wait costs what
	 * it says.
	 */
	readonly virtualTime: boolean;
	/** What to do where hosts lack a program, as a sentence. */
	readonly programRemedy: string;
	/** Makes the two machines and the wire. Either both are up and their agents can be reached, or nothing is left. */
	createLab(): Promise<EngineLab>;
}

/** A trace, or why there is none. */
export type KernelTrace = Readable | { readonly unavailable: string };

/** What the hosts' clock showed when it was compared. */
export interface Reading {
	/** A time between the call and its end, by the hosts' clock itself: seconds since the epoch. */
	readonly t: number;
	/** By how many seconds that clock was set since the last comparison; 0 where it only ran on. */
	readonly setBy: number;
}

/** The lab's only source of time: the clock that hosts, captures and tracers read. */
export interface LabClock {
	/** What it is, for the head of the timeline. */
	readonly source: string;
	/** By how much `now` may differ from the hosts' clock, in seconds. */
	readonly precision: number;
	/** Seconds since the epoch. An error before the first `calibrate`. */
	now(): number;
	/**
	 * Compares it with the clock of a host, which `ask` asks for the time; for the harness, at each boot and each flush.
	 */
	calibrate(ask: () => Promise<number>): Promise<Reading>;
	/** Resolves when `milliseconds` have passed in the lab, or at once when the signal is aborted. */
	sleep(milliseconds: number, signal: AbortSignal): Promise<void>;
}

export interface EngineLab {
	readonly clock: LabClock;
	readonly hosts: Readonly<Record<HostName, EngineHost>>;
	/**
	 * The kernel's trace as text, from now on, of this lab's sockets and perhaps of others'; where it cannot be read,
	 * why.
	 */
	kernelTrace(): Promise<KernelTrace>;
	/**
	 * Called once, when the lab is as all labs of this harness are at first, and what one scenario wants of it begins.
	 */
	ready(): void;
	/** Removes both machines and the wire. Safe to call twice, and after a failure. */
	destroy(): Promise<void>;
}

/** Channels to the agents of one boot of a host: they end when it does. */
export interface BootChannels {
	/** To the agent that owns the network namespace and runs the observers. */
	readonly machine: Duplex;
	/** To the agent that runs the peers. */
	readonly userland: Duplex;
}

export interface EngineHost {
	readonly address: string;
	readonly mac: string;
	/** The channels of the boot that runs now. */
	readonly boot: BootChannels;
	/** Ends everything at once. The harness has cut the wire before: nothing may leave. */
	powerOff(): Promise<void>;
	/** A new boot with the same address and MAC and an empty stack. */
	powerOn(): Promise<void>;
	/** Freezes and thaws the peers' processes; the machine's kernel goes on. */
	pause(): Promise<void>;
	resume(): Promise<void>;
	/**
	 * Kills the peers' processes from outside, with the wire intact: the kernel closes their sockets. Their agent dies
	 * with them.
	 */
	kill(): Promise<void>;
	/** After `kill`: a new userland, and the channel to its agent. */
	revive(): Promise<Duplex>;
}
