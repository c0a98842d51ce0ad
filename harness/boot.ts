import { Agent, type AgentProcess, type StreamHandlers } from './agent/agent.ts';
import type { LabContext } from './context.ts';
import { deviceOf } from './device.ts';
import type { BootChannels } from './engines/engine.ts';
import type { RecordedPacket } from './formats/pcap.ts';
import { traced, tracersHaveTold } from './probes/calls.ts';
import { Capture, type PacketFile } from './probes/capture.ts';
import { realPace, virtualPace } from './probes/pace.ts';
import { type Look, SocketProbe } from './probes/sockets.ts';
import type { EventOf, HostName } from './timeline/events.ts';
import type { Sighting } from './timeline/segments.ts';
import { SampledStates } from './timeline/states.ts';

/** The netfilter log group that all faults of a host log to; the prefix tells which fault it was. */
export const NFLOG_GROUP = 1;
/** The prefix of what only shows that the log is alive. No fault is named so: its prefix says of each whether it answers what it drops. */
export const SENTINEL_PREFIX = 'sentinel -';
/** Behind the name of a fault in the prefix: it answers what it drops. */
export const REJECTS = 'REJECT';

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
	#userland: Agent;
	#device!: string;
	#capture!: Capture;
	#sockets!: SocketProbe;
	#drops: Promise<Capture> | undefined;
	/** The firewall's log shows sentinels from here on. */
	#dropsMarked = false;
	/** A program was started under observation. */
	#tracing = false;
	#latest: Look = { t: 0, rows: [] };
	#latestEvent: EventOf<'sockets'> | undefined;
	#stopped = false;
	#overSince = Number.POSITIVE_INFINITY;
	readonly #states: SampledStates;
	readonly #identity: HostIdentity;
	readonly #context: LabContext;

	/**
	 * Reaches the agents, then starts the observers; beside that, `prepare` does to the host what they need not see. The host is as the engine
	 * made it: nothing is pinned, no sysctl is set.
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

	private constructor(number: number, machine: Agent, userland: Agent, packets: PacketFile, identity: HostIdentity, context: LabContext) {
		this.number = number;
		this.machine = machine;
		this.#userland = userland;
		this.packets = packets;
		this.#identity = identity;
		this.#context = context;
		this.#states = new SampledStates(context.traced);
		this.#mind(machine, () => !this.#stopped);
		this.#mindUserland();
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
		this.#mindUserland();
	}

	/** The last look at the sockets that was taken. */
	get sockets(): Look {
		return this.#latest;
	}

	/** Puts the last look into the history although it may be no news: it answered a question, so it is evidence. */
	keepLook(): void {
		const { history } = this.#context;
		if (this.#latestEvent && !history.of('sockets', this.#identity.name).includes(this.#latestEvent)) history.add(this.#latestEvent);
	}

	/** Passes when a look that began after this call has been taken. */
	look(): Promise<void> {
		return this.#sockets.look();
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
	traced(event: EventOf<'state'>): void {
		this.#states.trace(event);
		if (event.to === 'CLOSED' && !this.#stopped) this.look().catch(() => {});
	}

	/** Starts a program under observation in userland (probes/calls.ts): from here on its tracer is one of the observers. */
	async trace(argv: readonly string[], handlers: StreamHandlers): Promise<AgentProcess> {
		const process = await this.userland.spawn(traced(argv), handlers);
		this.#tracing = true;
		return process;
	}

	/** Passes when captures, firewall log, kernel and tracers have told all that happened on this host before the call. */
	async flush(): Promise<void> {
		await Promise.all([this.#compareClocks(), this.#flushWire(), this.#flushCalls()]);
	}

	async #compareClocks(): Promise<void> {
		const { clock, history } = this.#context;
		const setBy = await clock.calibrate(() => this.machine.now());
		if (setBy === 0) return;
		const what = `the hosts’ machine had its clock set by ${setBy.toFixed(3)} s: times before and after cannot be compared`;
		history.lose({ observer: 'clock', what });
	}

	async #flushCalls(): Promise<void> {
		if (!this.#tracing || !this.#programsRun()) return;
		try {
			if (!(await tracersHaveTold(this.userland, this.#context.clock))) this.#missed('strace', 'was busy until the limit');
		} catch (error) {
			// Killed meanwhile, tracers and all.
			if (this.#programsRun()) throw error;
		}
	}

	async #flushWire(): Promise<void> {
		const observers = [this.#captureName, ...(this.#context.traced ? ['kernel'] : []), ...(this.#dropsMarked ? [this.#dropsName] : [])];
		const missing = await this.#context.sentinels.passed(this.machine, observers);
		for (const observer of missing) this.#missed(observer, 'did not show a sentinel within its limit');
	}

	#programsRun(): boolean {
		return this.programs === 'run' && !this.#stopped;
	}

	#missed(observer: string, why: string): void {
		this.#context.history.lose({ observer, host: this.#identity.name, what: `${why}: what came before may be missing` });
	}

	/** The name under which sentinels know this boot's capture. */
	get #captureName(): string {
		return `${this.#identity.name} capture ${this.number}`;
	}

	get #dropsName(): string {
		return `${this.#identity.name} firewall ${this.number}`;
	}

	/** How far the kernel's trace clock is ahead of this boot's capture, in seconds. */
	get traceAhead(): number {
		return this.#context.sentinels.offset('kernel', this.#captureName) ?? 0;
	}

	/** Starts to read the firewall's log, once; `mark` is to let the log show the host's sentinels. */
	async logDrops(mark: () => Promise<void>): Promise<void> {
		this.#drops ??= this.#startDrops(mark);
		await this.#drops;
	}

	/** Its power goes; `t` is in seconds since the epoch. Until the engine has ended them its programs run on, as no real machine's do. */
	losePower(t: number): void {
		this.#overSince = t;
		const { history } = this.#context;
		history.retract(this.#identity.name, history.at(t));
	}

	/** Whether what a program did at this time (seconds since the epoch) was done by a machine without power. */
	isOverAt(t: number): boolean {
		return t > this.#overSince;
	}

	/** Ends the observers in good order: what they lost is told. */
	async stop(): Promise<void> {
		if (this.#stopped) return;
		this.#stopped = true;
		await Promise.all([this.#capture.stop(), this.#drops?.then((drops) => drops.stop())]);
	}

	async #findDevice(): Promise<void> {
		this.#device = await deviceOf(this.machine, this.#identity);
	}

	#mindUserland(): void {
		const userland = this.#userland;
		this.#mind(userland, () => !this.#stopped && this.programs !== 'killed' && this.#userland === userland);
	}

	#mind(agent: Agent, isWanted: () => boolean): void {
		void agent.closed.then((error) => {
			if (error && isWanted()) this.#context.onLost(error);
		});
	}

	async #startObservers(): Promise<void> {
		const { history } = this.#context;
		const { name } = this.#identity;
		[this.#capture, this.#sockets] = await Promise.all([
			Capture.start(this.machine, 'any', 'tcp or icmp or arp', {
				packet: (packet) => this.#captured(packet),
				lost: (what) => history.lose({ observer: 'capture', host: name, what }),
			}),
			SocketProbe.start(this.machine, this.#context.clock, this.#context.virtualTime ? virtualPace : realPace, {
				look: (look) => this.#looked(look),
				unread: (lines) => history.lose({ observer: 'ss', host: name, what: `could not read: ${lines.join(' | ')}` }),
			}),
		]);
		// Where the kernel does not tell of states, only looking again and again does.
		if (!this.#context.traced) this.#sockets.watch();
	}

	#captured(packet: RecordedPacket): void {
		const { sentinels } = this.#context;
		const isSentinels = addressesOf(packet).map((address) => sentinels.saw(this.#captureName, address, packet.t));
		if (isSentinels.includes(true)) return;
		if (packet.kind !== 'other' && packet.direction) this.#see({ what: packet.direction === 'out' ? 'left' : 'arrived', packet });
		this.packets.add(packet.record);
	}

	async #startDrops(mark: () => Promise<void>): Promise<Capture> {
		const { history, sentinels } = this.#context;
		const { name } = this.#identity;
		const drops = await Capture.start(this.machine, `nflog:${NFLOG_GROUP}`, '', {
			packet: (packet) => {
				for (const address of addressesOf(packet)) sentinels.saw(this.#dropsName, address, packet.t);
				if (packet.kind === 'other' || packet.prefix === SENTINEL_PREFIX) return;
				const [by = '', does] = packet.prefix?.split(' ') ?? [];
				this.#see({ what: 'dropped', packet, by, ...(does === REJECTS && { rejected: true }) });
			},
			lost: (what) => history.lose({ observer: 'firewall', host: name, what }),
		});
		await mark();
		this.#dropsMarked = true;
		return drops;
	}

	#see(sighting: Pick<Sighting, 'what' | 'packet' | 'by' | 'rejected'>): void {
		this.#context.history.see({ host: this.#identity.name, boot: this.number, ...sighting });
	}

	#looked(look: Look): void {
		const { history } = this.#context;
		const event: EventOf<'sockets'> = { kind: 'sockets', t: history.at(look.t), host: this.#identity.name, boot: this.number, rows: [...look.rows] };
		const changed = essence(this.#latest) !== essence(look);
		this.#latest = look;
		this.#latestEvent = event;
		for (const state of this.#states.look(event)) history.add(state);
		if (changed) history.add(event);
		else history.nudge();
	}
}

/** Between which addresses a packet goes, and of an error of ICMP the packet that it quotes. */
function addressesOf(packet: RecordedPacket): string[] {
	if (packet.kind === 'segment') return [packet.from.address, packet.to.address];
	return packet.kind === 'icmp' && packet.quotes ? [packet.quotes.from.address, packet.quotes.to.address] : [];
}

/** What of a look is news: not the timers' running, but all else that a reader of `ss` would see change. */
function essence({ rows }: Look): string {
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
