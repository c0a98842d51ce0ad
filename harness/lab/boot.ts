import type { Duplex } from 'node:stream';
import { Agent, type AgentProcess, type ControlledProcess, type StreamHandlers } from '../agent/agent.ts';
import type { EngineHost } from '../engines/engine.ts';
import { callsReported, straceCommand } from '../probes/calls.ts';
import type { PacketFile } from '../probes/capture.ts';
import { KERNEL } from '../probes/kernel.ts';
import { PacketProbe } from '../probes/packet-probe.ts';
import type { HostObserver } from '../timeline/coverage.ts';
import type { NodeName } from '../timeline/events.ts';
import type { Offloads } from '../timeline/timeline-file.ts';
import type { LabContext } from './context.ts';
import { configureDevice, type HostIdentity } from './device.ts';
import { ip } from './ip.ts';
import { SocketSampler } from './socket-sampler.ts';
import type { Wire } from './wire.ts';

/** How long a flush waits for an observer that is already lost. */
const RETRY_LIMIT_MS = 1_000;

/** How a host is booted. */
export interface BootOptions {
	readonly engineHost: EngineHost;
	readonly wire: Wire;
	readonly identity: HostIdentity;
	readonly context: LabContext;
	/** The number of this boot; the first is 1. */
	readonly number: number;
	readonly packets: PacketFile;
	readonly offloads: Offloads;
	/** Configures the host while its observers start. The host is connected to the wire by then. */
	readonly prepare: (boot: Boot) => Promise<unknown>;
}

/**
 * One boot of a host, from power on to power off: the agents of machine and userland, and the observers that the
 * machine's agent runs.
 */
export class Boot {
	readonly number: number;
	readonly machine: Agent;
	readonly packets: PacketFile;
	/** The state of the host's programs. The kernel runs in any case. */
	programs: 'run' | 'frozen' | 'killed' = 'run';
	/**
	 * The largest packet that can be a single segment, in bytes. A longer one on the wire means that an offload is on,
	 * although the lab switched it off.
	 */
	longestSegment = Number.POSITIVE_INFINITY;
	#userland!: Agent;
	#segments!: PacketProbe;
	#sockets!: SocketSampler;
	/** Whether a peer was started. From then on, flushes also wait for the calls of peers. */
	#tracesCalls = false;
	#stopped = false;
	#powerOffAt = Number.POSITIVE_INFINITY;
	readonly #identity: { readonly name: NodeName };
	readonly #context: LabContext;

	/**
	 * Switches the host on and connects it to the wire. Its userland and its observers start at the same time. Resolves
	 * when all of that is done.
	 */
	static async start({ engineHost, wire, prepare, offloads, ...options }: BootOptions): Promise<Boot> {
		const { identity, number, context } = options;
		const { channel, pid } = await engineHost.powerOn();
		const startingUserland = engineHost
			.startUserland()
			.then((userland) => Agent.connect(userland, `${identity.name} (userland)`));
		// It is awaited below.
		startingUserland.catch(() => {});
		const machine = await Agent.connect(channel, `${identity.name} (machine)`);
		const boot = new Boot(machine, options);
		const connect = async () => {
			await wire.plug({ host: identity.name, boot: number }, pid ?? machine.pid, identity.mac);
			const isPlugged = wire.isPlugged(identity.name);
			boot.longestSegment = await configureDevice(machine, identity, { offloads, isPlugged }, context.clock);
			await prepare(boot);
		};
		await Promise.all([boot.#compareClocks(), ip(machine, ['link set lo up'])]);
		await Promise.all([
			startingUserland.then((userland) => boot.#useUserland(userland)),
			boot.#startObservers(),
			connect(),
		]);
		return boot;
	}

	/** Observes a router. Its programs are run by the agent that also configures it. */
	static async onRouter(agent: Agent, options: Pick<BootOptions, 'packets' | 'context'>): Promise<Boot> {
		const boot = new Boot(agent, { ...options, number: 1, identity: { name: 'router' } });
		boot.#userland = agent;
		await boot.#startObservers();
		return boot;
	}

	private constructor(
		machine: Agent,
		{
			number,
			packets,
			identity,
			context,
		}: Pick<BootOptions, 'number' | 'packets' | 'context'> & { readonly identity: { readonly name: NodeName } },
	) {
		this.number = number;
		this.machine = machine;
		this.packets = packets;
		this.#identity = identity;
		this.#context = context;
		this.#watchAgent(machine, () => !this.#stopped);
	}

	get userland(): Agent {
		return this.#userland;
	}

	/** Connects to the new userland after the old one was killed. */
	async replaceUserland(channel: Duplex): Promise<void> {
		this.#useUserland(await Agent.connect(channel, `${this.#identity.name} (userland)`));
		this.programs = 'run';
	}

	#useUserland(userland: Agent): void {
		this.#userland = userland;
		this.#watchAgent(userland, () => !this.#stopped && this.programs !== 'killed' && this.#userland === userland);
	}

	/** The samples of this boot's sockets. */
	get sockets(): SocketSampler {
		return this.#sockets;
	}

	/** Whether the machine is still running. */
	get running(): boolean {
		return !this.#stopped;
	}

	/** Starts a program in userland under strace (probes/calls.ts). */
	async trace(
		argv: readonly string[],
		handlers: StreamHandlers,
		options: { readonly tty?: boolean } = {},
	): Promise<AgentProcess> {
		this.#beginCalls();
		return this.userland.spawn(straceCommand(argv), handlers, options);
	}

	/** Starts a process in userland that makes the socket calls that it is asked to make. */
	async spawnControlled(): Promise<ControlledProcess> {
		this.#beginCalls();
		return this.userland.spawnControlled();
	}

	/**
	 * Resolves when capture, firewall log, kernel trace and tracers have reported everything that happened on this host
	 * before the call.
	 */
	async flush(): Promise<void> {
		const begun = await this.#compareClocks();
		await Promise.all([this.#segments.flush(begun), this.#flushCalls(begun)]);
	}

	/**
	 * Compares the lab's clock with the host's. Returns the time of the host's own clock, in seconds of the history:
	 * observers use that clock, and the lab's clock may differ from it a little.
	 */
	async #compareClocks(): Promise<number> {
		const { clock, history } = this.#context;
		const { t, setBy } = await clock.calibrate(() => this.machine.now());
		if (setBy !== 0) {
			const jump = `the hosts’ machine had its clock set by ${setBy.toFixed(3)} s`;
			const what = `${jump}: times before and after cannot be compared`;
			history.lose({ observer: 'clock', what });
		}
		return history.at(t);
	}

	#beginCalls(): void {
		const { history, clock } = this.#context;
		if (!this.#tracesCalls) history.started(this.#tracer, history.at(clock.now()));
		this.#tracesCalls = true;
	}

	async #flushCalls(begun: number): Promise<void> {
		if (!this.#tracesCalls || !this.#programsRun()) return;
		const { history, clock } = this.#context;
		const observed = this.#tracer;
		const isLost = history.coverage.openLoss(observed) !== undefined;
		try {
			if (await callsReported(this.userland, clock, isLost ? RETRY_LIMIT_MS : undefined)) {
				history.markComplete(observed, begun);
			} else if (!isLost) {
				history.lose({
					...observed,
					what: 'fell behind: it was busy, or stopped, until the limit',
					since: history.coverage.completeUntil(observed),
				});
			}
		} catch (error) {
			// Userland was killed meanwhile, together with its tracers.
			if (this.#programsRun()) throw error;
		}
	}

	get #tracer(): HostObserver {
		return { observer: 'strace', host: this.#identity.name };
	}

	#programsRun(): boolean {
		return this.programs === 'run' && !this.#stopped;
	}

	/** By how many seconds the clock of the kernel's trace is ahead of this boot's capture. */
	get traceAhead(): number {
		return this.#context.sentinels.offset(KERNEL, this.#segments.nameOf('capture')) ?? 0;
	}

	/**
	 * Starts to read the firewall's log, if it is not being read yet. `insert` inserts the given rules, which are lines
	 * for iptables-restore.
	 */
	startFirewallLog(insert: (rules: readonly string[]) => Promise<unknown>): Promise<void> {
		return this.#segments.startFirewallLog(insert);
	}

	/**
	 * Marks the power off at `t`, in seconds since the epoch. The programs run on until the engine has ended them, which
	 * they would not do on a real machine: what they do after `t` does not count.
	 */
	losePower(t: number): void {
		this.#powerOffAt = t;
		const { history } = this.#context;
		history.retract(this.#identity.name, history.at(t));
	}

	/** Whether a time, in seconds since the epoch, is after the power off. */
	isAfterPowerOff(t: number): boolean {
		return t > this.#powerOffAt;
	}

	/** Stops the observers in an orderly way, so that what they lost is recorded. */
	async stop(): Promise<void> {
		if (this.#stopped) return;
		this.#stopped = true;
		await this.#segments.stop();
	}

	#watchAgent(agent: Agent, isExpectedToRun: () => boolean): void {
		void agent.closed.then((error) => {
			if (error && isExpectedToRun()) this.#context.onAgentLost(error);
		});
	}

	async #startObservers(): Promise<void> {
		const { name } = this.#identity;
		const sampled = { host: name, number: this.number, isRunning: () => this.running };
		[this.#segments, this.#sockets] = await Promise.all([
			PacketProbe.start(this.machine, name, this.number, this.packets, {
				...this.#context,
				longestSegment: () => this.longestSegment,
			}),
			SocketSampler.start(this.machine, sampled, this.#context),
		]);
		this.#sockets.begin();
	}
}
