import { z } from 'zod';
import type { EngineHost } from '../engines/engine.ts';
import type { Fault } from '../faults/fault.ts';
import { forgetNeighbour, pinNeighbour } from '../faults/neighbour.ts';
import { drop, type PacketFault, type PacketMatch, type RejectWith, reject } from '../faults/packets.ts';
import { kill, pause } from '../faults/process.ts';
import { changeSysctls, hasSysctl, type Sysctls } from '../faults/sysctl.ts';
import { parseCounters } from '../formats/counters.ts';
import { parseLsof } from '../formats/lsof.ts';
import type { Endpoint, LsofDescriptor, SsRow } from '../formats/types.ts';
import type { Program } from '../peers/program.ts';
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
import type { Socket } from '../peers/socket.ts';
import type { PacketFile } from '../probes/capture.ts';
import { assertPort } from '../tcp/port.ts';
import type { HostName } from '../timeline/events.ts';
import type { TimelineFile } from '../timeline/timeline-file.ts';
import { checked } from '../util/options.ts';
import { isAtLeast } from '../util/versions.ts';
import type { Boot } from './boot.ts';
import type { LabContext } from './context.ts';
import type { HostIdentity } from './device.ts';
import { addressOf, factsOf, IP_VERSIONS, type IpVersion, versionOf } from './family.ts';
import { HostPeers } from './host-peers.ts';
import { HostPower } from './host-power.ts';
import type { Wire } from './wire.ts';

const argvSchema = z.array(z.string()).min(1);
/** For example `6.5`. */
const versionSchema = z.string().regex(/^\d+\.\d+$/);
const runSchema = peerOptionsSchema.extend({ tty: z.boolean().optional() });
const socketSchema = z.strictObject({ name: z.string().optional(), version: z.enum(IP_VERSIONS).optional() });

/**
 * A machine with its own TCP stack. Its methods start programs and controlled sockets on it, inject faults, and switch
 * its power.
 */
export class Host {
	readonly name: HostName;
	/** Internal. */
	readonly context: LabContext;
	/** Internal: `powerOff`, `powerOn` and `reboot` are for specs. */
	readonly power: HostPower;
	readonly #engineHost: EngineHost;
	readonly #wire: Wire;
	readonly #peers: HostPeers;

	/** Internal: the lab creates hosts. `sysctls` are written at every boot. */
	constructor(
		engineHost: EngineHost,
		wire: Wire,
		identity: HostIdentity,
		sysctls: Sysctls,
		context: LabContext,
		other: () => Host,
	) {
		this.name = identity.name;
		this.context = context;
		this.power = new HostPower(engineHost, wire, identity, sysctls, context, () => other().power);
		this.#engineHost = engineHost;
		this.#wire = wire;
		this.#peers = new HostPeers(identity.name, () => this.boot, context);
	}

	/** The address that peers use, unless a spec says otherwise. */
	get address(): string {
		return addressOf(this.power.identity);
	}

	get mac(): string {
		return this.power.identity.mac;
	}

	/** Internal: the current boot. Throws HOST_OFF while the power is off. */
	get boot(): Boot {
		return this.power.boot;
	}

	/** Internal: the captured packets of all boots. */
	get packets(): PacketFile {
		return this.power.packets;
	}

	/** Internal: its facts at the head of the timeline file. */
	get facts(): TimelineFile['hosts'][HostName] {
		return factsOf(this.power.identity);
	}

	/**
	 * The version of IP that peers use, unless a spec says otherwise. Expectations may depend on it where the kernel
	 * treats the two differently.
	 */
	get ipVersion(): IpVersion {
		return versionOf(this.address);
	}

	/** Whether the power is on. */
	get isOn(): boolean {
		return this.power.isOn;
	}

	/** Whether a program is running. Controlled sockets do not count: they only do what the spec says. */
	get hasProgram(): boolean {
		return this.#peers.hasProgram;
	}

	// Peers

	/**
	 * Returns the address and a port of this host, for a peer to connect to. If the hosts have IPv4 and IPv6, it is the
	 * IPv4 address, unless `version` is `ipv6`.
	 */
	port(port: number, version?: IpVersion): Endpoint {
		return { address: addressOf(this.power.identity, version), port: assertPort(port) };
	}

	/**
	 * Starts netcat-openbsd. On POLLHUP it closes without reading, so its calls may never return the errno that ended the
	 * connection; expect that with `expect(host).toReport`. With `shutdownAtEof` (-N) it shuts down its sending side at
	 * the end of its input.
	 */
	nc(options: Parameters<typeof nc>[0]): Promise<Program> {
		return this.#peers.startProgram(nc(options, this.ipVersion));
	}

	/** Starts netcat-traditional. It reads whenever select(2) reports its socket, so its read returns the errno. */
	ncTraditional(options: Parameters<typeof ncTraditional>[0]): Promise<Program> {
		return this.#peers.startProgram(ncTraditional(options, this.ipVersion));
	}

	/**
	 * Starts dnc, the modified nc of the article "TCP Puzzlers". It prints what each poll(2) returned, and keeps its
	 * socket open after the end of the stream.
	 */
	dnc(options: Listen | Connect): Promise<Program> {
		return this.#peers.startProgram(dnc(options, this.ipVersion));
	}

	/** Starts Nmap's netcat. With `keepListening` (-k) it continues to listen after it has accepted a connection. */
	ncat(options: Parameters<typeof ncat>[0]): Promise<Program> {
		return this.#peers.startProgram(ncat(options));
	}

	/** Starts GNU telnet. */
	telnet(options: Connect): Promise<Program> {
		return this.#peers.startProgram(telnet(options));
	}

	/** Starts `curl`. Resolves as soon as the process starts, because many specs expect it to fail. */
	curl(options: Connect): Promise<Program> {
		return this.#peers.startProgram(curl(options));
	}

	/** Starts an echo server in Node. */
	echoServer(options: Parameters<typeof echoServer>[0]): Promise<Program> {
		return this.#peers.startProgram(echoServer(options, this.ipVersion));
	}

	/** Starts a client in Node that sends its input and prints what it receives. */
	echoClient(options: Parameters<typeof echoClient>[0]): Promise<Program> {
		return this.#peers.startProgram(echoClient(options));
	}

	/**
	 * Starts any program of the host: of its image or, on netns, of this machine. Resolves when the process has started,
	 * unless `until` says otherwise. With `tty`, the program gets a terminal instead of pipes, for programs that buffer
	 * their output in a pipe. Everything that it writes is then in `output`.
	 */
	async run(
		argv: readonly [string, ...string[]],
		options: PeerOptions & { readonly tty?: boolean } = {},
	): Promise<Program> {
		checked(argvSchema, argv, 'host.run: its command line');
		checked(runSchema, options, 'host.run');
		const { name, until = 'started', tty = false } = options;
		const kind = /[a-z][a-z0-9-]{0,11}$/.exec(argv[0])?.[0] ?? 'program';
		return this.#peers.startProgram({ kind, name, argv, until, tty });
	}

	/**
	 * Runs a tool such as `lsof` or `cat` to its end, without observing it. Returns its standard output followed by its
	 * standard error. Ignores its exit status.
	 */
	async tool(...argv: readonly [string, ...string[]]): Promise<string> {
		checked(argvSchema, argv, 'host.tool: its command line');
		const endWait = this.context.waits.begin({ what: `${argv[0]} to end on the ${this.name}`, limitMs: undefined });
		try {
			const { out, err } = await this.boot.userland.run(argv);
			return `${out}${err}`;
		} finally {
			endWait();
		}
	}

	/** Returns what `lsof` shows now: the TCP sockets that programs of this host hold, with their descriptors. */
	async descriptors(): Promise<readonly LsofDescriptor[]> {
		return parseLsof(await this.tool('lsof', '-nP', '-iTCP', '-FpcftnT0'));
	}

	/**
	 * Returns the kernel's counters of this host since its boot, by their names for nstat(8): `TcpRetransSegs`,
	 * `TcpExtTCPFastRetrans`. Those of TCP count IPv4 and IPv6.
	 */
	async counters(): Promise<Readonly<Record<string, number>>> {
		return parseCounters(await this.tool('cat', '/proc/net/snmp', '/proc/net/netstat'));
	}

	/**
	 * Returns the sockets that `ss` shows now, to compute a verdict or to count them. To wait for a socket, use
	 * `expect(host).toHaveSocket`.
	 */
	async sockets(): Promise<readonly SsRow[]> {
		const { sockets } = this.boot;
		await sockets.sample();
		sockets.assertSeesAll('what sockets it has');
		return sockets.latest.rows;
	}

	/** Creates a controlled socket: a process of its own that makes exactly the socket calls that the spec makes. */
	async socket(options: { readonly name?: string; readonly version?: IpVersion } = {}): Promise<Socket> {
		const { name, version } = checked(socketSchema, options, 'host.socket');
		const process = await this.#peers.startSocketProcess(name);
		return process.socket(version);
	}

	// Faults

	/** Drops matching packets, by default when they arrive at this host, so that the sender's stack does not notice. */
	async drop(match: PacketMatch = {}): Promise<PacketFault> {
		return drop(this.boot, this.name, this.context, match);
	}

	/** Rejects matching packets: drops them and answers with a RST or an ICMP message. */
	async reject(match: PacketMatch & { with: RejectWith }): Promise<PacketFault> {
		return reject(this.boot, this.name, this.context, match);
	}

	/** Whether the kernel has a sysctl below net.ipv4. Expectations may depend on it where kernels differ. */
	hasSysctl(name: string): boolean {
		return hasSysctl(name, this.context.sysctls);
	}

	/**
	 * Whether the kernel is Linux of this version (`6.5`) or later, and so certainly has its changes. Use it for changes
	 * that no sysctl shows. An older kernel may have a change too, if it was backported.
	 */
	kernelIsAtLeast(version: `${number}.${number}`): boolean {
		checked(versionSchema, version, 'host.kernelIsAtLeast: a version of Linux');
		return isAtLeast(this.boot.machine.kernelRelease, version);
	}

	/** Changes sysctls below net.ipv4 while the host runs. Healing restores the previous values. */
	async sysctl(sysctls: Sysctls): Promise<Fault> {
		return changeSysctls(this.boot, this.name, this.context, sysctls);
	}

	/**
	 * Pins the other host's MAC address in the neighbour table, as in every new lab. If that host then disappears, this
	 * one's connections fail with ETIMEDOUT. Rejects with NEEDS_BRIDGE if the wire is a router.
	 */
	async pinNeighbour(): Promise<void> {
		this.#wire.assertBridge(`${this.name}.pinNeighbour`);
		return pinNeighbour(this.boot, this.power.identity);
	}

	/**
	 * Removes the other host's MAC address from the neighbour table. If that host has disappeared, nobody answers ARP,
	 * and this one's connections fail with EHOSTUNREACH. Rejects with NEEDS_BRIDGE if the wire is a router.
	 */
	async forgetNeighbour(): Promise<void> {
		this.#wire.assertBridge(`${this.name}.forgetNeighbour`);
		return forgetNeighbour(this.boot, this.power.identity);
	}

	/** Freezes all programs. The kernel continues to acknowledge segments for them. */
	async pause(): Promise<Fault> {
		return pause(this.#engineHost, this.boot, this.name, this.context);
	}

	/** Kills all programs at once, from outside. The kernel runs on and sends a FIN for each of their connections. */
	async kill(): Promise<Fault> {
		return kill(this.#engineHost, this.boot, this.name, this.context);
	}

	/** Switches the power off: nothing more leaves the host, and everything on it ends. `powerOn` heals this fault. */
	async powerOff(): Promise<Fault> {
		return this.power.switchOff();
	}

	/**
	 * Switches the power on, which heals the power off. The host has the same address and MAC, an empty stack and no
	 * programs. Does nothing if the host is on.
	 */
	async powerOn(): Promise<void> {
		return this.power.switchOn();
	}

	/** Switches the power off and on again. Nothing of the host's state remains. */
	async reboot(): Promise<void> {
		const fault = await this.powerOff();
		await fault.heal();
	}

	/** Shuts the host down in an orderly way: sends SIGTERM to every program, waits until all have ended, powers off. */
	async shutdown(): Promise<Fault> {
		await this.#peers.terminate();
		// The segments that the kernel sends because of these ends must leave before the power goes off.
		await this.boot.flush();
		return this.powerOff();
	}
}
