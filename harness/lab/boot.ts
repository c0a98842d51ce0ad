import { Agent, type AgentProcess, type ControlledProcess, type StreamHandlers } from '../agent/agent.ts';
import type { BootChannels } from '../engines/engine.ts';
import { callsReported, straceCommand } from '../probes/calls.ts';
import type { PacketFile } from '../probes/capture.ts';
import { KERNEL } from '../probes/kernel.ts';
import { realTimeInterval, virtualTimeInterval } from '../probes/sampling-interval.ts';
import { SegmentProbe } from '../probes/segments.ts';
import { SocketProbe, type SsSample } from '../probes/sockets.ts';
import type { HostObserver } from '../timeline/coverage.ts';
import type { EventOf, HostName } from '../timeline/events.ts';
import { assertSees } from '../timeline/observer-lost.ts';
import { SampledStates } from '../timeline/states.ts';
import type { LabContext } from './context.ts';
import { deviceOf } from './device.ts';

/** How long to wait for observers that have fallen behind before. */
const RETRY_LIMIT_MS = 1_000;

/** What a host is, whichever boot runs. */
export interface HostIdentity {
	readonly name: HostName;
	readonly address: string;
	readonly mac: string;
	/** The other end of the wire. */
	readonly peer: { readonly address: string; readonly mac: string };
}

/** One boot of a host, from power on to power off: its two agents, and the observers that the machine's agent runs. */
export class Boot {
	readonly number: number;
	readonly machine: Agent;
	readonly packets: PacketFile;
	/** What the host's programs can do; frozen or killed ones do not keep its kernel from anything. */
	programs: 'run' | 'frozen' | 'killed' = 'run';
	/** In bytes: what is longer on the wire is several segments in one, where there should be none such. */
	longestSegment = Number.POSITIVE_INFINITY;
	#userland: Agent;
	#device!: string;
	#segments!: SegmentProbe;
	#sockets!: SocketProbe;
	/** A program or a controlled process was started, so userland reports its calls. */
	#tracesCalls = false;
	#latestSample: SsSample = { t: 0, rows: [], unread: [] };
	#latestEvent: EventOf<'sockets'> | undefined;
	#stopped = false;
	#powerOffAt = Number.POSITIVE_INFINITY;
	readonly #states: SampledStates;
	readonly #identity: HostIdentity;
	readonly #context: LabContext;

	/**
	 * Reaches the agents, then starts the observers; beside that, `prepare` does to the host what they need not see. The
	 * host is as the engine made it: nothing is pinned, no sysctl is set.
	 */
	static async start(
		channels: BootChannels,
		number: number,
		packets: PacketFile,
		identity: HostIdentity,
		context: LabContext,
		prepare: (boot: Boot) => Promise<unknown>,
	): Promise<Boot> {
		const [machine, userland] = await Promise.all([
			Agent.connect(channels.machine, `${identity.name} (machine)`),
			Agent.connect(channels.userland, `${identity.name} (userland)`),
		]);
		const boot = new Boot(number, machine, userland, packets, identity, context);
		await boot.#compareClocks();
		await Promise.all([boot.#startObservers(), boot.#findDevice().then(() => prepare(boot))]);
		return boot;
	}

	private constructor(
		number: number,
		machine: Agent,
		userland: Agent,
		packets: PacketFile,
		identity: HostIdentity,
		context: LabContext,
	) {
		this.number = number;
		this.machine = machine;
		this.#userland = userland;
		this.packets = packets;
		this.#identity = identity;
		this.#context = context;
		this.#states = new SampledStates(context.traced);
		this.#watchAgent(machine, () => !this.#stopped);
		this.#watchUserland();
	}

	/** The interface on the wire: engines name it as they please, so it is found by its MAC. */
	get device(): string {
		return this.#device;
	}

	get userland(): Agent {
		return this.#userland;
	}

	/** After its container was killed and made anew. */
	async replaceUserland(channel: BootChannels['userland']): Promise<void> {
		this.#userland = await Agent.connect(channel, `${this.#identity.name} (userland)`);
		this.programs = 'run';
		this.#watchUserland();
	}

	/** The last look at the sockets that was taken. */
	get sockets(): SsSample {
		return this.#latestSample;
	}

	/** Puts the last look into the history although it may be no news: it answered a question, so it is evidence. */
	keepSample(): void {
		const { history } = this.#context;
		if (this.#latestEvent && !history.of('sockets', this.#identity.name).includes(this.#latestEvent))
			history.add(this.#latestEvent);
	}

	/**
	 * Resolves when a look that began after this call has been taken; rejects with OBSERVER_LOST where `ss` gives none.
	 */
	async sampleSockets(): Promise<void> {
		if (!(await this.#sockets.sample())) assertSees(this.#context.history, 'what sockets it has', this.#observed('ss'));
	}

	/** Fails with OBSERVER_LOST where the last look did not show all sockets. */
	assertSeesAllSockets(judged: string): void {
		assertSees(this.#context.history, judged, this.#observed('ss'));
	}

	/** Looks at the sockets again and again until the returned function is called. */
	watch(): () => void {
		return this.#sockets.watch();
	}

	/** Whether the machine is still there. */
	get running(): boolean {
		return !this.#stopped;
	}

	/** What the kernel told of a socket of this boot: where it goes on is `ss`'s to say. */
	onTracedState(event: EventOf<'state'>): void {
		this.#states.trace(event);
		if (event.to === 'CLOSED' && !this.#stopped) this.sampleSockets().catch(() => {});
	}

	/**
	 * Starts a program under observation in userland (probes/calls.ts): from here on its tracer is one of the observers.
	 */
	async trace(
		argv: readonly string[],
		handlers: StreamHandlers,
		options: { readonly tty?: boolean } = {},
	): Promise<AgentProcess> {
		this.#beginCalls();
		return this.userland.spawn(straceCommand(argv), handlers, options);
	}

	/** Starts a process in userland that makes the requested socket calls. */
	async spawnControlled(): Promise<ControlledProcess> {
		this.#beginCalls();
		return this.userland.spawnControlled();
	}

	/**
	 * Resolves when captures, firewall log, kernel and tracers have told all that happened on this host before the call.
	 */
	async flush(): Promise<void> {
		const begun = await this.#compareClocks();
		await Promise.all([this.#segments.flush(begun), this.#flushCalls(begun)]);
	}

	/**
	 * Returns the host's time, in seconds of the history: of its own clock, as what observers tell is, and so not off by
	 * what the lab's clock may be.
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
		if (!this.#tracesCalls) this.#context.history.started(this.#observed('strace'), this.#now);
		this.#tracesCalls = true;
	}

	async #flushCalls(begun: number): Promise<void> {
		if (!this.#tracesCalls || !this.#programsRun()) return;
		const { history, clock } = this.#context;
		const observed = this.#observed('strace');
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
			// Killed meanwhile, tracers and all.
			if (this.#programsRun()) throw error;
		}
	}

	#observed(observer: 'strace' | 'ss'): HostObserver {
		return { observer, host: this.#identity.name };
	}

	get #now(): number {
		return this.#context.history.at(this.#context.clock.now());
	}

	#programsRun(): boolean {
		return this.programs === 'run' && !this.#stopped;
	}

	/** How far the kernel's trace clock is ahead of this boot's capture, in seconds. */
	get traceAhead(): number {
		return this.#context.sentinels.offset(KERNEL, this.#segments.nameOf('capture')) ?? 0;
	}

	/** Starts to read the firewall's log, once; `insert` puts rules in, for which iptables-restore has these lines. */
	startFirewallLog(insert: (rules: readonly string[]) => Promise<unknown>): Promise<void> {
		return this.#segments.startFirewallLog(insert);
	}

	/**
	 * Its power goes; `t` is in seconds since the epoch. Until the engine has ended them its programs run on, as no real
	 * machine's do.
	 */
	losePower(t: number): void {
		this.#powerOffAt = t;
		const { history } = this.#context;
		history.retract(this.#identity.name, history.at(t));
	}

	/** Whether what a program did at this time (seconds since the epoch) was done by a machine without power. */
	isAfterPowerOff(t: number): boolean {
		return t > this.#powerOffAt;
	}

	/** Ends the observers in good order: what they lost is told. */
	async stop(): Promise<void> {
		if (this.#stopped) return;
		this.#stopped = true;
		await this.#segments.stop();
	}

	async #findDevice(): Promise<void> {
		this.#device = await deviceOf(this.machine, this.#identity, this.#context.clock);
	}

	#watchUserland(): void {
		const userland = this.#userland;
		this.#watchAgent(userland, () => !this.#stopped && this.programs !== 'killed' && this.#userland === userland);
	}

	#watchAgent(agent: Agent, isWanted: () => boolean): void {
		void agent.closed.then((error) => {
			if (error && isWanted()) this.#context.onAgentLost(error);
		});
	}

	async #startObservers(): Promise<void> {
		const { name } = this.#identity;
		[this.#segments, this.#sockets] = await Promise.all([
			SegmentProbe.start(this.machine, name, this.number, this.packets, {
				...this.#context,
				longestSegment: () => this.longestSegment,
			}),
			SocketProbe.start(
				this.machine,
				this.#context.clock,
				this.#context.virtualTime ? virtualTimeInterval : realTimeInterval,
				{
					sample: (look) => this.#onSample(look),
					lost: (what) => this.#lostSockets(what),
				},
			),
		]);
		this.#context.history.started(this.#observed('ss'), this.#now);
		// Where the kernel does not tell of states, only looking again and again does.
		if (!this.#context.traced) this.#sockets.watch();
	}

	#lostSockets(what: string): void {
		const { history } = this.#context;
		const observed = this.#observed('ss');
		if (!this.#stopped && !history.coverage.openLoss(observed))
			history.lose({ ...observed, what, since: history.coverage.completeUntil(observed) });
	}

	#onSample(look: SsSample): void {
		const { history } = this.#context;
		if (look.unread.length > 0) this.#lostSockets(`could not read: ${look.unread.join(' | ')}`);
		else history.markComplete(this.#observed('ss'), history.at(look.t));
		const event: EventOf<'sockets'> = {
			kind: 'sockets',
			t: history.at(look.t),
			host: this.#identity.name,
			boot: this.number,
			rows: [...look.rows],
		};
		const changed = comparable(this.#latestSample) !== comparable(look);
		this.#latestSample = look;
		this.#latestEvent = event;
		for (const state of this.#states.sample(event)) history.add(state);
		if (changed) history.add(event);
		else history.notify();
	}
}

/** What of a look is news: not the timers' running, but all else that a reader of `ss` would see change. */
function comparable({ rows }: SsSample): string {
	return JSON.stringify(
		rows.map(({ state, receiveQueue, sendQueue, local, remote, timer }) => [
			state,
			receiveQueue,
			sendQueue,
			local,
			remote,
			timer?.name,
			timer?.count,
		]),
	);
}
