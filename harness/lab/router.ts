import { z } from 'zod';
import type { RoutedSubnets } from '../engines/subnets.ts';
import type { Fault } from '../faults/fault.ts';
import { forgetConnections } from '../faults/forget.ts';
import { forwardPort, masquerade } from '../faults/nat.ts';
import { routerFirewall } from '../faults/router-firewall.ts';
import { LEAST_MTU, limitMtu, type RouterMtuOptions } from '../faults/router-mtu.ts';
import type { Endpoint } from '../formats/types.ts';
import { PacketFile } from '../probes/capture.ts';
import { ConntrackProbe } from '../probes/conntrack.ts';
import { IDLE_TIMEOUTS, type IdleTimeoutName } from '../tcp/idle-timeouts.ts';
import { assertPort } from '../tcp/port.ts';
import { type ConnectionRow, HOST_NAMES } from '../timeline/events.ts';
import type { Family, TimelineFile } from '../timeline/timeline-file.ts';
import { checked } from '../util/options.ts';
import { Boot } from './boot.ts';
import type { LabContext } from './context.ts';
import { addressOf, factsOf, networkEnd } from './family.ts';
import { nft } from './nft.ts';
import type { RouteEnds, RouterObservers, Wire } from './wire.ts';

/** Returns the ends with the addresses of a family. */
export function routeIn(family: Family, { router, ...hosts }: RoutedSubnets): RouteEnds {
	const ends = (of: RoutedSubnets['router']) => ({
		client: networkEnd(family, of.client),
		server: networkEnd(family, of.server),
	});
	return { hosts: ends(hosts), router: ends(router) };
}

/** The timeouts of connection tracking by TCP state (nf_conntrack_tcp_timeout_…). */
const TIMEOUT_NAMES = [
	'syn_sent',
	'syn_recv',
	'established',
	'fin_wait',
	'close_wait',
	'last_ack',
	'time_wait',
	'close',
	'max_retrans',
	'unacknowledged',
] as const;
export type ConntrackTimeout = (typeof TIMEOUT_NAMES)[number];

/** How a stateful firewall behaves. */
export interface FirewallOptions {
	/** The name of the fault. Default: `firewall-1`, … */
	readonly name?: string;
	/** The idle timeout and the answer of a well-known box. */
	readonly idle?: IdleTimeoutName;
	/**
	 * When a connection without packets is forgotten, in seconds, by its state. The names are those of the kernel
	 * (Documentation/networking/nf_conntrack-sysctl.rst, nf_conntrack_tcp_timeout_…). Default: the kernel’s values.
	 */
	readonly timeoutSeconds?: Readonly<Partial<Record<ConntrackTimeout, number>>>;
	/** What a host gets for a packet of a connection that the firewall does not know. Default: nothing. */
	readonly answer?: 'nothing' | 'reset';
	/**
	 * Whether a packet in the middle of a connection makes it known (nf_conntrack_tcp_loose). Default: false; the kernel’s
	 * is true.
	 */
	readonly loose?: boolean;
}

const seconds = z.int().positive();
const firewallSchema = z.strictObject({
	name: z.string().optional(),
	idle: z.enum(Object.keys(IDLE_TIMEOUTS) as [IdleTimeoutName]).optional(),
	timeoutSeconds: z.partialRecord(z.enum(TIMEOUT_NAMES), seconds).optional(),
	answer: z.enum(['nothing', 'reset']).optional(),
	loose: z.boolean().optional(),
}) satisfies z.ZodObject<Record<keyof FirewallOptions, z.ZodType>>;
const namedSchema = z.strictObject({ name: z.string().optional() });

/** Where a port of the router leads. */
export interface ForwardOptions {
	readonly name?: string;
	readonly port: number;
	readonly to: Endpoint;
}

/** The MTU of the cables: a larger one would limit nothing. */
const MOST_MTU = 1_500;
const mtuSchema = z.strictObject({
	name: z.string().optional(),
	bytes: z.int(),
	from: z.enum(HOST_NAMES).optional(),
	icmp: z.boolean(),
}) satisfies z.ZodObject<Record<keyof RouterMtuOptions, z.ZodType>>;

const forwardSchema = z.strictObject({
	name: z.string().optional(),
	port: z.number(),
	to: z.strictObject({ address: z.string(), port: z.number() }),
}) satisfies z.ZodObject<Record<keyof ForwardOptions, z.ZodType>>;

/** Registers the kernel’s connection tracking, also for the loopback, so that it sees sentinels. */
const TRACK = [
	'add table inet halfopen',
	'add chain inet halfopen TRACK { type filter hook output priority 0; }',
	'add rule inet halfopen TRACK ct state new counter',
];

/** A router between the hosts: it forwards what one sends to the other, and is observed as they are. */
export class Router implements RouterObservers {
	readonly name = 'router';
	/** Internal: the captured packets. */
	readonly packets: PacketFile;
	/** Internal. */
	readonly boot: Boot;
	/** Internal. */
	readonly context: LabContext;
	readonly #route: RouteEnds;
	readonly #wire: Wire;
	#conntrack: Promise<ConntrackProbe> | undefined;

	/** Internal: makes a router of the wire. The hosts must get their new addresses afterwards. */
	static async between(wire: Wire, route: RouteEnds, context: LabContext): Promise<Router> {
		const packets = new PacketFile();
		const boot = await Boot.onRouter(await wire.agent, { context, packets });
		const router = new Router(wire, boot, packets, route, context);
		await wire.becomeRouter(route, router);
		return router;
	}

	private constructor(wire: Wire, boot: Boot, packets: PacketFile, route: RouteEnds, context: LabContext) {
		this.#wire = wire;
		this.boot = boot;
		this.packets = packets;
		this.#route = route;
		this.context = context;
	}

	/** The address of its interface to the client. */
	get address(): string {
		return addressOf(this.#route.router.client);
	}

	/** The address of its interface to the server. */
	get serverSideAddress(): string {
		return addressOf(this.#route.router.server);
	}

	/** Internal: all its addresses. */
	get addresses(): readonly string[] {
		return HOST_NAMES.flatMap((host) => this.#route.router[host].addresses);
	}

	/** Internal: its facts at the head of the timeline file. */
	get facts(): NonNullable<TimelineFile['hosts']['router']> {
		const { client, server } = this.#route.router;
		return { ...factsOf(client), serverSide: factsOf(server) };
	}

	/** Returns a port of its address on the client’s side, for a peer to connect to. */
	port(port: number): Endpoint {
		return { address: this.address, port: assertPort(port) };
	}

	/**
	 * Makes the router a stateful firewall: it forwards the packets of connections that it knows, and new ones, and drops
	 * all others. It is the kernel’s own connection tracking. Connections that exist already are unknown to it.
	 */
	async firewall(options: FirewallOptions = {}): Promise<Fault> {
		checked(firewallSchema, options, 'router.firewall');
		const { name, idle, timeoutSeconds, loose = false } = options;
		const preset = idle && IDLE_TIMEOUTS[idle];
		const answer = options.answer ?? preset?.answer ?? 'nothing';
		const timeouts = { ...(preset && { established: preset.seconds }), ...timeoutSeconds };
		await this.#track();
		const words = Object.entries(timeouts).map(([state, after]) => ` forgets ${state} after ${after} s`);
		return routerFirewall(this.#wire, this.context, {
			name,
			answer,
			settings: {
				nf_conntrack_tcp_loose: loose ? 1 : 0,
				...Object.fromEntries(
					Object.entries(timeouts).map(([key, value]) => [`nf_conntrack_tcp_timeout_${key}`, value]),
				),
			},
			text: [
				...(idle ? [` (${idle})`] : []),
				...(words.length > 0 ? [`:${words.join(',')}`] : []),
				...(loose ? ['; it takes up connections in the middle'] : []),
				...(answer === 'reset' ? ['; it resets what it does not know'] : []),
			].join(''),
		});
	}

	/**
	 * Makes the router forget all connections, as when it reboots, or when a standby without their state takes over.
	 * Rejects with FAULT_WITHOUT_EFFECT if it knows none: it knows only connections whose packets it has forwarded since it
	 * has a firewall or translates addresses.
	 */
	async forget(options: { readonly name?: string } = {}): Promise<Fault> {
		const { name } = checked(namedSchema, options, 'router.forget');
		const conntrack = await this.#track();
		return forgetConnections(await this.#wire.agent, conntrack, this.context, name);
	}

	/**
	 * Hides the client behind the router’s address on the server’s side (source NAT). Connections that the router knows
	 * already stay as they are, also when this is healed.
	 */
	async masquerade(options: { readonly name?: string } = {}): Promise<Fault> {
		const { name } = checked(namedSchema, options, 'router.masquerade');
		await this.#track();
		return masquerade(this.#wire, this.context, name);
	}

	/** Forwards connections of the client to a port of the router to an endpoint of the server (destination NAT). */
	async forwardPort(options: ForwardOptions): Promise<Fault> {
		const { port, to, name } = checked(forwardSchema, options, 'router.forwardPort');
		await this.#track();
		return forwardPort(this.#wire, this.context, { port: assertPort(port), to, name });
	}

	/**
	 * Makes the router forward only packets up to a length, as a link with a small MTU behind it does. Rejects with
	 * OPTION_INVALID if IP does not allow so small an MTU: 576 bytes, or 1280 if the lab has IPv6.
	 */
	async mtu(options: RouterMtuOptions): Promise<Fault> {
		const least = Math.max(...this.context.ipVersions.map((version) => LEAST_MTU[version]));
		checked(mtuSchema.extend({ bytes: z.int().min(least).max(MOST_MTU) }), options, 'router.mtu');
		return limitMtu(this.#wire, this.context, options);
	}

	/** Returns what the router’s connection tracking knows now (conntrack(8)), and records it. */
	async connections(): Promise<readonly ConnectionRow[]> {
		const conntrack = await this.#track();
		const { t, entries } = await conntrack.sample();
		const { history } = this.context;
		const rows = [...entries];
		history.add({ kind: 'connections', t: history.at(t), host: this.name, rows });
		return rows;
	}

	/** Internal: returns what it knows now, without a record. */
	async sampleConnections(): Promise<Awaited<ReturnType<ConntrackProbe['sample']>>> {
		return (await this.#track()).sample();
	}

	/** Internal. */
	startFirewallLog(insert: (rules: readonly string[]) => Promise<unknown>): Promise<void> {
		return this.boot.startFirewallLog(insert);
	}

	/** Internal: resolves when all its observers have reported everything that happened before the call. */
	async flush(): Promise<void> {
		await Promise.all([this.boot.flush(), this.#conntrack?.then((conntrack) => conntrack.flush())]);
	}

	/** Internal: stops its observers. */
	async stop(): Promise<void> {
		await Promise.all([this.boot.stop(), this.#conntrack?.then((conntrack) => conntrack.stop())]);
	}

	/** Starts to track connections; repeated calls return the same promise. */
	#track(): Promise<ConntrackProbe> {
		this.#conntrack ??= this.#startTracking();
		return this.#conntrack;
	}

	async #startTracking(): Promise<ConntrackProbe> {
		const agent = await this.#wire.agent;
		// It listens before the kernel tracks anything.
		const conntrack = await ConntrackProbe.start(agent, this.context);
		await nft(agent, TRACK);
		await conntrack.flush();
		return conntrack;
	}
}
