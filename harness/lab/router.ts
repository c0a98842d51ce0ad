import type { RoutedSubnets } from '../engines/subnets.ts';
import type { Endpoint } from '../formats/types.ts';
import { PacketFile } from '../probes/capture.ts';
import { assertPort } from '../tcp/port.ts';
import { HOST_NAMES } from '../timeline/events.ts';
import type { Family, TimelineFile } from '../timeline/timeline-file.ts';
import { Boot } from './boot.ts';
import type { LabContext } from './context.ts';
import { addressOf, factsOf, networkEnd } from './family.ts';
import type { RouteEnds, Wire } from './wire.ts';

/** Returns the ends with the addresses of a family. */
export function routeIn(family: Family, { router, ...hosts }: RoutedSubnets): RouteEnds {
	const ends = (of: RoutedSubnets['router']) => ({
		client: networkEnd(family, of.client),
		server: networkEnd(family, of.server),
	});
	return { hosts: ends(hosts), router: ends(router) };
}

/** A router between the hosts: it forwards what one sends to the other, and is observed as they are. */
export class Router {
	readonly name = 'router';
	/** Internal: the captured packets. */
	readonly packets: PacketFile;
	/** Internal. */
	readonly boot: Boot;
	/** Internal. */
	readonly context: LabContext;
	readonly #route: RouteEnds;

	/** Internal: makes a router of the wire. The hosts must get their new addresses afterwards. */
	static async between(wire: Wire, route: RouteEnds, context: LabContext): Promise<Router> {
		const packets = new PacketFile();
		const boot = await Boot.onRouter(await wire.agent, { context, packets });
		await wire.becomeRouter(route, boot);
		return new Router(boot, packets, route, context);
	}

	private constructor(boot: Boot, packets: PacketFile, route: RouteEnds, context: LabContext) {
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
}
