import type { Duplex } from 'node:stream';
import { Agent } from '../agent/agent.ts';
import { HalfopenError } from '../errors.ts';
import { type FirewallContext, PacketProbe } from '../probes/packet-probe.ts';
import { Relay, relayCommands } from '../probes/relay.ts';
import { HOST_NAMES, type HostName, type MachineName } from '../timeline/events.ts';
import { type NetworkEnd, prefixLengthOf, versionOf } from './family.ts';
import { ip } from './ip.ts';
import { restoreRules } from './iptables.ts';
import { BRIDGE_TABLE, nft } from './nft.ts';

const BRIDGE = 'wire';

/** The interface of a host at its end of the cable. */
export const DEVICE = 'eth0';

/** How long packets are delayed, in milliseconds. */
export interface Delay {
	readonly ms: number;
	readonly jitterMs: number;
}

/** A queue as `tc -s -j qdisc show` prints it. */
export interface Queue {
	readonly packets: number;
	/** The delay is in seconds. */
	readonly options: { readonly delay?: { readonly delay: number } };
}

const NO_DELAY: Delay = { ms: 0, jitterMs: 0 };
/** In packets: more than a lab can have on its way, so that the queue loses none. */
const QUEUE_LIMIT = '1000000';
/** What tc prints if the kernel does not know netem. */
const NO_NETEM = /qdisc kind is unknown|No such file or directory/;

/** Makes a machine forward packets. IPv6, if the kernel has it, is enabled without detection of duplicates. */
const FORWARD = `cd /proc/sys/net && echo 1 >ipv4/ip_forward && { [ ! -e ipv6 ] || {
	for of in default $(cd ipv6/conf && echo *-*); do [ ! -e ipv6/conf/$of ] || echo 0 >ipv6/conf/$of/accept_dad || exit; done
	echo 0 >ipv6/conf/all/disable_ipv6 && echo 0 >ipv6/conf/default/disable_ipv6 && echo 1 >ipv6/conf/all/forwarding; }; }`;

/** The ends of both cables of a router, by the host at the other end. */
export interface RouteEnds {
	readonly hosts: Readonly<Record<HostName, NetworkEnd>>;
	readonly router: Readonly<Record<HostName, NetworkEnd>>;
}

/** The observers of a router. */
export interface RouterObservers {
	startFirewallLog(insert: (rules: readonly string[]) => Promise<unknown>): Promise<void>;
	flush(): Promise<void>;
	stop(): Promise<void>;
}

/** One end of a cable: the boot of a host. */
export interface Plug {
	readonly host: HostName;
	readonly boot: number;
}

/**
 * What lies between the hosts: a machine of its own with a bridge, and a cable to each host that is on. The end of one
 * host does not change the other's interface. It may become a router.
 */
export class Wire {
	/** Resolves when the bridge exists. */
	readonly agent: Promise<Agent>;
	readonly #context: FirewallContext;
	/** Rules of later faults come first. */
	#priority = 0;
	/** The ports of the hosts that are on. */
	readonly #ports = new Map<HostName, string>();
	/** Hosts whose cables are unplugged. */
	readonly #down = new Set<HostName>();
	/** By the host to which packets are delayed. */
	readonly #delays = new Map<HostName, Delay>();
	/** The MTUs of a router’s routes, by the host to which they lead. */
	readonly #mtus = new Map<HostName, number>();
	#log: Promise<PacketProbe> | undefined;
	/** The addresses of hosts and router, and the observers on the router, if the wire is one. */
	#route: { readonly ends: RouteEnds; readonly boot: RouterObservers } | undefined;
	#relay: Promise<Relay> | undefined;

	constructor(channel: Promise<Duplex>, context: FirewallContext) {
		this.#context = context;
		this.agent = bridge(channel);
		// `plug` reports the error.
		this.agent.catch(() => {});
	}

	/** Its name in the timeline. */
	get name(): MachineName {
		return this.#route ? 'router' : 'wire';
	}

	get isRouter(): boolean {
		return this.#route !== undefined;
	}

	/** Throws NEEDS_BRIDGE if the wire is a router. `what` is what was asked for. */
	assertBridge(what: string): void {
		if (!this.#route) return;
		throw new HalfopenError('NEEDS_BRIDGE', {
			problem: `${what} is possible on a bridge only, and the wire of this lab is a router.`,
			seen: 'The hosts are in different subnets: a frame of one never reaches the other, and neither resolves its MAC.',
			remedy: "Omit `between: 'router'` in the options of the scenario, or use a fault of the router instead.",
		});
	}

	/** Makes a router of the bridge. The hosts need other addresses then. `boot` has the observers on it. */
	async becomeRouter(ends: RouteEnds, boot: RouterObservers): Promise<void> {
		const agent = await this.agent;
		this.#route = { ends, boot };
		const ports = HOST_NAMES.flatMap((host) => {
			const port = this.#ports.get(host);
			return port ? this.#routedPort(host, port) : [];
		});
		await ip(agent, [`link del ${BRIDGE}`]);
		const { status, err } = await agent.run(['sh', '-c', FORWARD]);
		if (status === 0) {
			await ip(agent, ports);
			return;
		}
		throw new HalfopenError('SYSCTL_REFUSED', {
			problem: 'The wire cannot become a router: the kernel did not accept the settings for it.',
			seen: err,
			remedy: 'The wire needs a /proc/sys/net that it can write: check the engine with `npm run setup`.',
		});
	}

	/** Returns the commands that give a port of the router its address. They may be repeated. */
	#routedPort(host: HostName, port: string): string[] {
		if (!this.#route) return [];
		const { hosts, router } = this.#route.ends;
		const { addresses, mac } = router[host];
		const mtu = this.#mtus.get(host);
		return [
			`link set ${port} address ${mac}`,
			...addresses.map((address) => {
				const options = versionOf(address) === 'ipv6' ? 'nodad' : 'brd +';
				return `address replace ${address}/${prefixLengthOf(address, true)} ${options} dev ${port}`;
			}),
			...hosts[host].addresses.map(
				(address) => `neigh replace ${address} lladdr ${hosts[host].mac} dev ${port} nud permanent`,
			),
			...(mtu === undefined
				? []
				: this.#hostRoutes(host).map((to) => `route replace ${to} dev ${port} mtu lock ${mtu}`)),
		];
	}

	/** The destinations of routes to one host only. */
	#hostRoutes(host: HostName): string[] {
		const addresses = this.#route?.ends.hosts[host].addresses ?? [];
		return addresses.map((address) => `${address}/${versionOf(address) === 'ipv6' ? 128 : 32}`);
	}

	/**
	 * Sets or ends the MTU of a router’s route to a host. It also applies to later boots of the host. Returns when it took
	 * effect, in seconds since the epoch.
	 */
	async setMtu(to: HostName, mtu: number | undefined): Promise<number> {
		const agent = await this.agent;
		if (mtu === undefined) this.#mtus.delete(to);
		else this.#mtus.set(to, mtu);
		const port = this.#ports.get(to);
		if (!port) return agent.now();
		const commands =
			mtu === undefined
				? this.#hostRoutes(to).map((route) => `route del ${route} dev ${port}`)
				: this.#routedPort(to, port);
		return (await ip(agent, commands)).t;
	}

	/** Returns a router’s routes to a host only, as ip(8) shows them; undefined if the host is off. */
	async routeTo(to: HostName): Promise<string | undefined> {
		const port = this.#ports.get(to);
		if (!port) return undefined;
		const agent = await this.agent;
		const shown = await Promise.all(
			this.#hostRoutes(to).map((route) =>
				agent.run([
					'ip',
					route.includes(':') ? '-6' : '-4',
					'route',
					'show',
					'to',
					route.replace(/\/.*/, ''),
					'dev',
					port,
				]),
			),
		);
		return shown.map(({ out }) => out.trim().replace(/\s+/g, ' ')).join('; ');
	}

	/** Returns the priority of the next fault's rules, a higher number at each call. */
	takePriority(): number {
		this.#priority++;
		return this.#priority;
	}

	/** Starts to read the log of the firewall on the wire; repeated calls return the same promise. */
	async startFirewallLog(): Promise<void> {
		if (this.#route) {
			const agent = await this.agent;
			return this.#route.boot.startFirewallLog((lines) => restoreRules(agent, lines));
		}
		this.#log ??= this.#startLog();
		await this.#log;
	}

	async #startLog(): Promise<PacketProbe> {
		const agent = await this.agent;
		const probe = PacketProbe.onWire(agent, this.#context);
		await probe.startFirewallLog((lines) => restoreRules(agent, lines));
		return probe;
	}

	/**
	 * Starts the relay for faults that take packets off the wire; repeated calls return the same promise. The wire must be
	 * a bridge.
	 */
	startRelay(): Promise<Relay> {
		this.#relay ??= this.#startRelay();
		return this.#relay;
	}

	async #startRelay(): Promise<Relay> {
		const agent = await this.agent;
		const relay = await Relay.start(agent, this.#context);
		await Promise.all([...this.#ports].map(([host, port]) => relay.setPort(host, port)));
		await nft(agent, relayCommands(BRIDGE_TABLE));
		return relay;
	}

	/**
	 * Resolves when log and relay have reported everything that happened to packets on the wire before the call, or a
	 * loss is recorded.
	 */
	async flush(): Promise<void> {
		if (this.#route) return this.#route.boot.flush();
		const [probe, relay] = await Promise.all([this.#log, this.#relay]);
		if (!probe && !relay) return;
		const begun = this.#context.history.at(await (await this.agent).now());
		await Promise.all([probe?.flush(begun), relay?.flush(begun)]);
	}

	/** Stops log and relay after they have reported everything. */
	async stop(): Promise<void> {
		await this.flush();
		await this.#route?.boot.stop();
		await Promise.all([this.#log, this.#relay].map(async (observer) => (await observer)?.stop()));
	}

	/** Whether the cable of a host is plugged in, or will be when the host is on. */
	isPlugged(host: HostName): boolean {
		return !this.#down.has(host);
	}

	/** Takes the port of a host’s cable down or up; it stays so when the host reboots. Returns when it was done. */
	async setPort(host: HostName, state: 'up' | 'down'): Promise<number> {
		const agent = await this.agent;
		if (state === 'down') this.#down.add(host);
		else this.#down.delete(host);
		const port = this.#ports.get(host);
		if (!port) return agent.now();
		// An interface that goes down loses its routes and its neighbours.
		const routed = state === 'up' ? this.#routedPort(host, port) : [];
		return (await ip(agent, [`link set ${port} ${state}`, ...routed])).t;
	}

	/**
	 * Puts a cable between the wire and a machine. Its end in the machine's network is called `eth0` and is down.
	 *
	 * @param pid of a process in the machine's network namespace, as the wire sees it
	 */
	async plug(plug: Plug, pid: number, mac: string): Promise<void> {
		const port = portOf(plug);
		const state = this.#down.has(plug.host) ? 'down' : 'up';
		await ip(await this.agent, [
			`link add ${port} type veth peer name ${DEVICE} address ${mac} netns ${pid}`,
			...(this.#route
				? [`link set ${port} ${state}`, ...this.#routedPort(plug.host, port)]
				: [`link set ${port} master ${BRIDGE} ${state}`]),
		]);
		this.#ports.set(plug.host, port);
		await (await this.#relay)?.setPort(plug.host, port);
		const delay = this.#delays.get(plug.host);
		if (delay) await this.#setQueue(port, delay);
	}

	/** Whether packets to this host are delayed, or will be when the host is on. */
	isDelayed(to: HostName): boolean {
		return this.#delays.has(to);
	}

	/**
	 * Sets or ends the delay of packets to a host. It also applies to later boots of the host. Returns when it took
	 * effect, in seconds since the epoch.
	 */
	async delay(to: HostName, delay: Delay | undefined): Promise<number> {
		const port = this.#ports.get(to);
		const t = port ? await this.#setQueue(port, delay ?? NO_DELAY) : await (await this.agent).now();
		if (delay) this.#delays.set(to, delay);
		else this.#delays.delete(to);
		return t;
	}

	/** The queue of packets to a host, as tc(8) shows it; undefined if the host is off. */
	async queue(to: HostName): Promise<Queue | undefined> {
		const port = this.#ports.get(to);
		if (!port) return undefined;
		const { out } = await (await this.agent).run(['tc', '-s', '-j', 'qdisc', 'show', 'dev', port, 'root']);
		return (JSON.parse(out) as readonly Queue[])[0];
	}

	/**
	 * `replace` keeps the packets that are in the queue. So a queue stays once it is there: removing it would lose them.
	 */
	async #setQueue(port: string, { ms, jitterMs }: Delay): Promise<number> {
		const delay = ['delay', `${ms}ms`, ...(jitterMs > 0 ? [`${jitterMs}ms`] : [])];
		const command = ['tc', 'qdisc', 'replace', 'dev', port, 'root', 'netem', 'limit', QUEUE_LIMIT, ...delay];
		const { status, err, t } = await (await this.agent).run(command);
		if (status === 0) return t;
		throw new HalfopenError(NO_NETEM.test(err) ? 'KERNEL_FEATURE_MISSING' : 'ENGINE_REFUSED', {
			problem: 'The wire cannot delay packets.',
			seen: `${command.join(' ')}\n${err}`,
			remedy:
				'The kernel needs sch_netem (CONFIG_NET_SCH_NETEM): `modprobe sch_netem` on the engine’s machine. Guests ' +
				'have it: HALFOPEN_ENGINE=vm.',
		});
	}

	/** Removes the cable, in whatever state the machine is. The bridge forgets the addresses behind it. */
	async unplug(plug: Plug): Promise<void> {
		const agent = await this.agent;
		const port = portOf(plug);
		this.#ports.delete(plug.host);
		await (await this.#relay)?.setPort(plug.host, undefined);
		try {
			await ip(agent, [`link del ${port}`]);
		} catch (error) {
			// If no process was left on the machine, the kernel has removed its network namespace, and the cable with it.
			if ((await agent.run(['ip', 'link', 'show', port])).status === 0) throw error;
		}
	}
}

async function bridge(channel: Promise<Duplex>): Promise<Agent> {
	const agent = await Agent.connect(await channel, 'the wire');
	// Sentinels of the log are on the loopback.
	await ip(agent, ['link set lo up', `link add ${BRIDGE} type bridge`, `link set ${BRIDGE} up`]);
	return agent;
}

const portOf = ({ host, boot }: Plug) => `${host}-${boot}`;
