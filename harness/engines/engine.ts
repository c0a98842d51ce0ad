import type { Duplex, Readable } from 'node:stream';
import type { HostName } from '../timeline/events.ts';
import type { Family } from '../timeline/timeline-file.ts';
import type { Subnet } from './subnets.ts';

/** Identifies a run: its id, and the process whose end is the run's end. */
export interface RunIdentity {
	/** Short, lower case, safe in paths and in names of containers, networks and trace instances (run-identity.ts). */
	readonly id: string;
	/** The runner's process, in the format of `owner.ts`. */
	readonly owner: string;
}

export interface Run extends RunIdentity {
	/** A folder outside the project, which is removed at the end of the run. */
	readonly directory: string;
	/** The addresses of the hosts in its labs. */
	readonly family: Family;
}

/** The part of an engine that works before and after the labs. It is used in the runner, never in a worker. */
export interface EngineRunner {
	readonly name: string;
	/**
	 * Checks that hosts can be created here, and starts what all labs of the run share. Returns the facts that the
	 * workers need to `connect`.
	 */
	open(run: Run): Promise<OpenRun>;
	/** Returns all runs that have objects here, whoever owns them. */
	runs(): Promise<RunIdentity[]>;
	/**
	 * Removes everything that a run still has. Returns the names of what it removed. With `quietMs` it continues until
	 * nothing new has appeared for that time: requests of a process that has died may still be carried out.
	 */
	sweep(run: RunIdentity, options?: { readonly quietMs?: number }): Promise<string[]>;
}

export interface OpenRun {
	/** For the workers: plain strings, which can be passed in an environment variable. */
	readonly facts: Readonly<Record<string, string>>;
	/** Ends what `open` started. */
	close(): Promise<void>;
}

/**
 * The part of an engine that a lab uses: two hosts, the wire, and the operations that are possible only from outside.
 * Everything else, cables included, goes through the agents.
 */
export interface Engine {
	readonly name: string;
	/** Versions of the engine, for the head of the timeline. */
	readonly tools: Readonly<Record<string, string>>;
	/** Names of the sysctls below net.ipv4 that a host has. */
	readonly sysctls: ReadonlySet<string>;
	/** The family of the run, for the labs: an engine gives hosts no address. */
	readonly family: Family;
	/**
	 * Whether the labs run in virtual time: the guests' clock advances only while the lab waits, so a wait takes little
	 * wall time.
	 */
	readonly virtualTime: boolean;
	/** A sentence that says how to add a missing program to the hosts. */
	readonly programRemedy: string;
	/**
	 * Begins to start a wire, and returns it with two hosts that are off. If it rejects, nothing remains.
	 */
	createLab(): Promise<EngineLab>;
}

/** The kernel's trace, or the reason why it is unavailable. */
export type KernelTrace = Readable | { readonly unavailable: string };

/** The result of a comparison with the hosts' clock. */
export interface Reading {
	/** A time between the call and its end on the hosts' clock, in seconds since the epoch. */
	readonly t: number;
	/** By how many seconds the hosts' clock was set since the last comparison; 0 if it was not set. */
	readonly setBy: number;
}

/** The lab's only source of time: the clock that hosts, captures and tracers use. */
export interface LabClock {
	/** A description of the clock, for the head of the timeline. */
	readonly source: string;
	/** The largest difference between `now` and the hosts' clock, in seconds. */
	readonly precision: number;
	/** Seconds since the epoch. Throws before the first `calibrate`. */
	now(): number;
	/**
	 * Compares this clock with that of a host. `ask` returns the host's time. The harness calls it at each boot and each
	 * flush.
	 */
	calibrate(ask: () => Promise<number>): Promise<Reading>;
	/** Resolves when `milliseconds` have passed in the lab, or immediately when the signal is aborted. */
	sleep(milliseconds: number, signal: AbortSignal): Promise<void>;
}

export interface EngineLab {
	readonly clock: LabClock;
	/** Addresses for the hosts, which no other lab of the run has. */
	readonly subnet: Subnet;
	/**
	 * Resolves with the channel to the agent on the wire when that has started. The agent can move an interface into a
	 * machine's network by the machine's pid.
	 */
	readonly wire: Promise<Duplex>;
	/** Both are off at first. */
	readonly hosts: Readonly<Record<HostName, EngineHost>>;
	/**
	 * Returns the kernel's trace as text, from now on. It contains this lab's sockets and may contain those of other
	 * labs. Returns the reason if the trace cannot be read.
	 */
	kernelTrace(): Promise<KernelTrace>;
	/**
	 * Called once, when the lab has been set up and nothing specific to a scenario has been done yet. Until then all labs
	 * are the same.
	 */
	ready(): void;
	/** Removes both machines and the wire, also if one is being started. May be called twice, and after a failure. */
	destroy(): Promise<void>;
}

/** A machine that runs. It ends when its host's power goes off. */
export interface Machine {
	/** The channel to the agent that owns the network namespace and runs the observers. */
	readonly channel: Duplex;
	/**
	 * The pid, on the wire, of a process in the machine's network namespace. Undefined if that is the agent's own pid:
	 * the machine shares the wire's PID namespace.
	 */
	readonly pid?: number;
}

export interface EngineHost {
	/** Starts a new boot: a machine with an empty stack, whose only interface is its loopback, which is down or up. */
	powerOn(): Promise<Machine>;
	/**
	 * Starts a userland on the machine: at boot, and after `kill`. Returns the channel to the agent that runs the peers.
	 */
	startUserland(): Promise<Duplex>;
	/** Ends everything immediately. The harness has removed the host's cable before, so that no segment leaves. */
	powerOff(): Promise<void>;
	/** Freezes or thaws the peers' processes. The machine's kernel continues to run. */
	pause(): Promise<void>;
	resume(): Promise<void>;
	/**
	 * Kills the peers' processes and their agent from outside. The wire stays intact, and the kernel closes the sockets.
	 */
	kill(): Promise<void>;
}
