import { z } from 'zod';
import type { EngineHost } from '../engines/engine.ts';
import { HalfopenError } from '../errors.ts';
import type { Fault } from '../faults/fault.ts';
import { forgetNeighbour, pinNeighbour, silence } from '../faults/neighbour.ts';
import { drop, type PacketFault, type PacketMatch, type RejectWith, reject } from '../faults/packets.ts';
import { powerOff } from '../faults/power.ts';
import { kill, pause } from '../faults/process.ts';
import { changeSysctls, hasSysctl, type Sysctls, writeSysctls } from '../faults/sysctl.ts';
import { parseLsof } from '../formats/lsof.ts';
import type { Endpoint, LsofDescriptor, SsRow } from '../formats/types.ts';
import type { Peer } from '../peers/peer.ts';
import { Program, type ProgramOptions } from '../peers/program.ts';
import {
	type Connect,
	curl,
	dnc,
	echoClient,
	echoServer,
	type Listen,
	nc,
	ncat,
	ncTraditional,
	type PeerOptions,
	peerOptionsSchema,
	telnet,
} from '../peers/programs.ts';
import { type Socket, SocketProcess } from '../peers/socket.ts';
import { Boots } from '../probes/boots.ts';
import { PacketFile } from '../probes/capture.ts';
import { assertPort } from '../tcp/port.ts';
import type { HostName } from '../timeline/events.ts';
import type { Offloads } from '../timeline/timeline-file.ts';
import { checked } from '../util/options.ts';
import { isAtLeast } from '../util/versions.ts';
import { Boot, type HostIdentity } from './boot.ts';
import type { LabContext } from './context.ts';
import { setOffloads } from './offloads.ts';

const argvSchema = z.array(z.string()).min(1);
/** As in `6.5`. */
const versionSchema = z.string().regex(/^\d+\.\d+$/);
const runSchema = peerOptionsSchema.extend({ tty: z.boolean().optional() });
const socketSchema = z.strictObject({ name: z.string().optional() });

/** What is set at each boot of a host. */
export interface HostSettings {
	readonly sysctls: Sysctls;
	readonly offloads: Offloads;
}

/** A machine with its own TCP stack: its peers, its faults, its power. */
export class Host {
	readonly name: HostName;
	readonly address: string;
	readonly mac: string;
	readonly context: LabContext;
	/** Which events of the kernel belong to which boot. */
	readonly boots = new Boots();
	/** All packets of all boots. */
	readonly packets = new PacketFile();
	readonly #engineHost: EngineHost;
	readonly #identity: HostIdentity;
	/** In force from every boot on. */
	#settings: HostSettings;
	readonly #other: () => Host;
	readonly #peers: Peer[] = [];
	#boot: Boot | undefined;
	#power: Fault | undefined;

	/** For the lab. `sysctls` are set at each boot. */
	constructor(
		engineHost: EngineHost,
		identity: HostIdentity,
		sysctls: Sysctls,
		context: LabContext,
		other: () => Host,
	) {
		this.name = identity.name;
		this.address = identity.address;
		this.mac = identity.mac;
		this.context = context;
		this.#engineHost = engineHost;
		this.#identity = identity;
		this.#settings = { sysctls, offloads: 'off' };
		this.#other = other;
	}

	/** What runs now; an error while the power is off. */
	get boot(): Boot {
		if (this.#boot) return this.#boot;
		throw new HalfopenError('HOST_OFF', {
			problem: `The ${this.name}’s power is off.`,
			remedy: `Switch it on first: await ${this.name}.powerOn().`,
		});
	}

	/** Whether a program is there that does something by itself; a controlled socket does only what the spec does. */
	get hasProgram(): boolean {
		return this.#peers.some((peer) => peer instanceof Program && !peer.isOver);
	}

	get isOn(): boolean {
		return this.#boot !== undefined;
	}

	/**
	 * Takes the engine's running machine into use: agents, observers, sysctls, the pinned neighbour. For the lab and
	 * `powerOn`. That the observers record is known when the boot has been flushed. `ask` asks the machine what can be
	 * known once sysctls are set, while the observers start.
	 */
	async setUp(ask: (machine: Boot['machine']) => Promise<unknown> = async () => {}): Promise<void> {
		const prepare = (boot: Boot) => {
			const { sysctls, offloads } = this.#settings;
			const asked = writeSysctls(boot.machine, sysctls).then(() => ask(boot.machine));
			return Promise.all([asked, pinNeighbour(boot, this.#identity), setOffloads(boot, offloads)]);
		};
		const boot = await Boot.start(
			this.#engineHost.boot,
			this.boots.next,
			this.packets,
			this.#identity,
			this.context,
			prepare,
		);
		await this.#onBoot(boot);
		this.boots.on(this.context.clock.now());
		this.#boot = boot;
	}

	/**
	 * For the lab, when it is ready: what this scenario wants other than in all labs, in this boot and in those to come.
	 * Returns the sysctls in force.
	 */
	async configure({ sysctls, offloads }: HostSettings): Promise<Record<string, string>> {
		const before = this.#settings;
		this.#settings = { sysctls: { ...before.sysctls, ...sysctls }, offloads };
		if (offloads !== before.offloads) await setOffloads(this.boot, offloads);
		return writeSysctls(this.boot.machine, sysctls);
	}

	/** For the lab, at the end: observers end in good order, so that what they lost is known. */
	async stopObservers(): Promise<void> {
		if (!this.#boot) return;
		await this.#boot.flush();
		await this.#boot.stop();
	}

	// Peers

	/** A port of this host, to connect to. */
	port(port: number): Endpoint {
		return { address: this.address, port: assertPort(port) };
	}

	/**
	 * netcat-openbsd: closes on POLLHUP without reading, so what errno ended it is the kernel's to tell. `shutdownAtEof`
	 * (-N) shuts its sending side at the end of its input.
	 */
	nc(options: Parameters<typeof nc>[0]): Promise<Program> {
		return this.#start(nc(options));
	}

	/** netcat-traditional: reads whenever select says so, so its read shows the errno. */
	ncTraditional(options: Parameters<typeof ncTraditional>[0]): Promise<Program> {
		return this.#start(ncTraditional(options));
	}

	/**
	 * The article's modified nc: tells what each poll returned, and keeps its socket open after the end of the stream.
	 */
	dnc(options: Listen | Connect): Promise<Program> {
		return this.#start(dnc(options));
	}

	/** Nmap's netcat. `keepListening` (-k) goes on listening when it has accepted. */
	ncat(options: Parameters<typeof ncat>[0]): Promise<Program> {
		return this.#start(ncat(options));
	}

	/** GNU telnet. */
	telnet(options: Connect): Promise<Program> {
		return this.#start(telnet(options));
	}

	/** `curl`; resolves as soon as the process starts, because many specs expect it to fail. */
	curl(options: Connect): Promise<Program> {
		return this.#start(curl(options));
	}

	/** A Node server that echoes. */
	echoServer(options: Parameters<typeof echoServer>[0]): Promise<Program> {
		return this.#start(echoServer(options));
	}

	/** A Node client that sends what is typed and prints what comes. */
	echoClient(options: Parameters<typeof echoClient>[0]): Promise<Program> {
		return this.#start(echoClient(options));
	}

	/**
	 * Any program that the host has: of its image, or, on netns, of this machine. Goes on when it runs, unless `until`
	 * says otherwise. `tty` is for programs that keep their output back as long as it goes into a pipe: they get a
	 * terminal, and all that they write is `output`.
	 */
	async run(
		argv: readonly [string, ...string[]],
		options: PeerOptions & { readonly tty?: boolean } = {},
	): Promise<Program> {
		checked(argvSchema, argv, 'host.run: its command line');
		checked(runSchema, options, 'host.run');
		const { name, until = 'started', tty = false } = options;
		const kind = /[a-z][a-z0-9-]{0,11}$/.exec(argv[0])?.[0] ?? 'program';
		return this.#start({ kind, name, argv, until, tty });
	}

	/**
	 * Runs a tool beside the peers to its end, unobserved, and gives what it printed on both streams: `lsof`, `cat`. Its
	 * exit status is not looked at.
	 */
	async tool(...argv: readonly [string, ...string[]]): Promise<string> {
		checked(argvSchema, argv, 'host.tool: its command line');
		const over = this.context.waits.begin({ what: `${argv[0]} to end on the ${this.name}`, limitMs: undefined });
		try {
			const { out, err } = await this.boot.userland.run(argv);
			return `${out}${err}`;
		} finally {
			over();
		}
	}

	/** What `lsof` shows now: the TCP sockets that programs of this host hold, by descriptor. */
	async descriptors(): Promise<readonly LsofDescriptor[]> {
		return parseLsof(await this.tool('lsof', '-nP', '-iTCP', '-FpcftnT0'));
	}

	/** What `ss` shows now. To wait for a socket, expect it; this is for verdicts, and for counting. */
	async sockets(): Promise<readonly SsRow[]> {
		await this.boot.sampleSockets();
		this.boot.assertSeesAllSockets('what sockets it has');
		return this.boot.sockets.rows;
	}

	/** A controlled socket: it makes exactly the calls that the spec makes, in a process of its own. */
	async socket(options: { readonly name?: string } = {}): Promise<Socket> {
		const { name } = checked(socketSchema, options, 'host.socket');
		const process = await this.#keep(() => SocketProcess.start(this.boot, this.name, this.context, name));
		return process.socket();
	}

	// Faults

	/** Drops packets, by default as they arrive: the sender's stack learns nothing. */
	async drop(match: PacketMatch = {}): Promise<PacketFault> {
		return drop(this.boot, this.name, this.context, match);
	}

	/** Refuses packets with an answer. */
	async reject(match: PacketMatch & { with: RejectWith }): Promise<PacketFault> {
		return reject(this.boot, this.name, this.context, match);
	}

	/**
	 * Whether its kernel has a sysctl below net.ipv4: for what differs between kernels, an expectation may depend on it.
	 */
	hasSysctl(name: string): boolean {
		return hasSysctl(name, this.context.sysctls);
	}

	/**
	 * Whether its kernel is of this version of Linux (`6.5`) or a later one, and so must have what that version brought
	 * without a sysctl to tell. An older one may have it, too: changes are carried back.
	 */
	kernelIsAtLeast(version: `${number}.${number}`): boolean {
		checked(versionSchema, version, 'host.kernelIsAtLeast: a version of Linux');
		return isAtLeast(this.boot.machine.kernelRelease, version);
	}

	/** Changes sysctls below net.ipv4 while the host runs. Healing puts them back. */
	async sysctl(sysctls: Sysctls): Promise<Fault> {
		return changeSysctls(this.boot, this.name, this.context, sysctls);
	}

	/** Pins the peer's address to its MAC: a peer that is gone for good is ETIMEDOUT then. So every lab begins. */
	async pinNeighbour(): Promise<void> {
		return pinNeighbour(this.boot, this.#identity);
	}

	/** Forgets the peer's MAC: a peer that is gone for good is EHOSTUNREACH then, because nobody answers ARP. */
	async forgetNeighbour(): Promise<void> {
		return forgetNeighbour(this.boot, this.#identity);
	}

	/** Freezes all programs; the kernel goes on acknowledging for them. */
	async pause(): Promise<Fault> {
		return pause(this.#engineHost, this.boot, this.name, this.context);
	}

	/** Kills all programs at once from outside; the kernel lives on, and a FIN leaves for each of their connections. */
	async kill(): Promise<Fault> {
		return kill(this.#engineHost, this.boot, this.name, this.context);
	}

	/** Power off: silent, and the end of all that ran. Healing it is `powerOn`. */
	async powerOff(): Promise<Fault> {
		// An error at once, if it is off already.
		this.boot;
		this.#power = await powerOff(
			{
				name: this.name,
				off: () => this.#off(),
				on: () => this.#on(),
				flushOther: async () => {
					const other = this.#other();
					if (!other.isOn) return undefined;
					await other.boot.flush();
					return other.name;
				},
			},
			this.context,
		);
		return this.#power;
	}

	/**
	 * Power on, which heals the power off: the same address and MAC, an empty stack, no programs. Does nothing to a host
	 * that is on.
	 */
	async powerOn(): Promise<void> {
		await this.#power?.heal();
	}

	/** Power off and on again: the host comes back and knows nothing. */
	async reboot(): Promise<void> {
		const fault = await this.powerOff();
		await fault.heal();
	}

	/** An orderly shutdown: SIGTERM to every program and a wait for its end; then power off. */
	async shutdown(): Promise<Fault> {
		if (this.boot.programs === 'frozen') this.#assertPrograms('none of them can react to a shutdown');
		for (const peer of this.#peers) if (peer.end === undefined) await peer.signal('SIGTERM');
		await Promise.all(this.#peers.map((peer) => peer.ended));
		// What their ends made the kernel send is on the wire before the power goes.
		await this.boot.flush();
		return this.powerOff();
	}

	#start(options: ProgramOptions): Promise<Program> {
		return this.#keep(() => Program.start(this.boot, this.name, this.context, options));
	}

	/** Frozen programs hear no signal, and killed ones take no new ones in: their agent is frozen or gone with them. */
	#assertPrograms(consequence: string): void {
		const { programs } = this.boot;
		if (programs === 'run') return;
		throw new HalfopenError('HOST_PAUSED', {
			problem: `The ${this.name}’s programs are ${programs}: ${consequence}.`,
			remedy:
				programs === 'frozen' ? 'Heal the pause first.' : 'Heal the kill first: the host can run programs after that.',
		});
	}

	async #keep<P extends Peer>(start: () => Promise<P>): Promise<P> {
		this.#assertPrograms('no program can be started on it');
		const peer = await this.context.actions.during(start);
		this.#peers.push(peer);
		return peer;
	}

	async #onBoot(boot: Boot): Promise<void> {
		for (const work of this.context.bootHooks) await work(this.name, boot);
	}

	async #on(): Promise<{ boot: number; sockets: number }> {
		await this.#engineHost.powerOn();
		await this.setUp();
		const { boot } = this;
		await boot.flush();
		await boot.sampleSockets();
		boot.assertSeesAllSockets('whether its stack is empty');
		return { boot: boot.number, sockets: boot.sockets.rows.length };
	}

	async #off(): Promise<number> {
		const boot = this.boot;
		const { history } = this.context;
		const silentSince = await silence(boot);
		this.boots.off(silentSince);
		boot.losePower(silentSince);
		await boot.stop();
		this.#boot = undefined;
		await this.#engineHost.powerOff();
		return history.at(silentSince);
	}
}
