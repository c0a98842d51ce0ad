import type { Endpoint } from '../../formats/types.ts';
import { type Event, type EventOf, NODE_NAMES, type NodeName } from '../../timeline/events.ts';
import type { TimelineFile } from '../../timeline/timeline-file.ts';

/** The addresses of a socket, from the point of view of its host. */
export interface SocketAddresses {
	readonly local: Endpoint;
	readonly remote: Endpoint;
}

/** The largest number of lines in a legend. The last stands for all connections for which there is no room. */
const MOST_IN_LEGEND = 8;

/** Numbers the connections of a timeline. Connections are identified by their ports. */
export class Connections {
	readonly #numbers = new Map<string, number>();
	readonly #keys = new Map<number, string>();
	/** The keys of connections by the ports that the server sees, if a router translates them. */
	readonly #translated = new Map<string, string>();
	readonly #listeners = new Map<NodeName, Set<number>>(NODE_NAMES.map((node) => [node, new Set()]));
	readonly #hosts: TimelineFile['hosts'];

	constructor({ events, hosts }: Pick<TimelineFile, 'events' | 'hosts'>) {
		this.#hosts = hosts;
		for (const event of events) if (event.kind === 'segment') this.#addTranslation(event);
		for (const event of events) {
			const key = this.#keyOfEvent(event);
			if (key !== undefined && !this.#numbers.has(key)) this.#numbers.set(key, this.#numbers.size + 1);
			if (event.kind === 'state' && isListener(event)) this.#listeners.get(event.host)?.add(event.local.port);
		}
	}

	/** Returns the same key for both ends. Undefined for a listener, or a socket that is not bound yet. */
	keyOf(host: NodeName, { local, remote }: SocketAddresses): string | undefined {
		if (local.port === 0 || remote.port === 0) return undefined;
		if (isLoopback({ local, remote }))
			return `${host} ${Math.min(local.port, remote.port)} ${Math.max(local.port, remote.port)}`;
		// The answer of a firewall has the address of the other host, although this host sent it.
		if (host === 'router') return this.#keyAtRouter({ local, remote });
		const isOwn = this.#isAddressOf(host, local) || !this.#isAddressOf(host, remote);
		const [own, other] = isOwn ? [local, remote] : [remote, local];
		return host === 'client' ? this.#keyOfPorts(own.port, other.port) : this.#keyAtServer(other.port, own.port);
	}

	/** What the router sends has its own address, or that of one of the hosts if its firewall forged it. */
	#keyAtRouter({ local, remote }: SocketAddresses): string {
		const ofClient = [local, remote].find((end) => this.#isAddressOf('client', end));
		if (ofClient) return this.#keyOfPorts(ofClient.port, (ofClient === local ? remote : local).port);
		const [own, other] = this.#isAddressOf('server', local) ? [remote, local] : [local, remote];
		return this.#keyAtServer(own.port, other.port);
	}

	#keyAtServer(client: number, server: number): string {
		return this.#translated.get(`${client} ${server}`) ?? this.#keyOfPorts(client, server);
	}

	/** A router may translate the ports between the client and the server. The client’s are those of the connection. */
	#addTranslation({ host, from, to, router }: EventOf<'segment'>): void {
		const { translated } = router ?? {};
		if (!translated || host === 'router') return;
		const sent = [from.port, to.port] as const;
		const arrived = [translated.from.port, translated.to.port] as const;
		const [[client, server], [clientThere, serverThere]] =
			host === 'client'
				? [sent, arrived]
				: [
						[arrived[1], arrived[0]],
						[sent[1], sent[0]],
					];
		this.#translated.set(`${clientThere} ${serverThere}`, this.#keyOfPorts(client as number, server as number));
	}

	/** Returns the same string object for equal keys, to save memory: there may be very many segments. */
	#keyOfPorts(client: number, server: number): string {
		const both = (client << 16) | server;
		const known = this.#keys.get(both);
		if (known !== undefined) return known;
		const key = `${client} ${server}`;
		this.#keys.set(both, key);
		return key;
	}

	/** Returns `#2`, or undefined for a listener, or if there is only one connection. */
	labelOf(host: NodeName, ends: SocketAddresses): string | undefined {
		return this.labelOfKey(this.keyOf(host, ends));
	}

	labelOfKey(key: string | undefined): string | undefined {
		const number = this.#numbers.get(key ?? '');
		return number === undefined || this.#numbers.size < 2 ? undefined : `#${number}`;
	}

	/**
	 * Returns a label for a socket of a host: the number of its connection, or the port of a listener. Undefined if there
	 * is only one such socket.
	 */
	socketOf(host: NodeName, ends: SocketAddresses): string | undefined {
		const label = this.labelOf(host, ends);
		if (label !== undefined || !isListener(ends)) return label;
		const several = (this.#listeners.get(host)?.size ?? 0) > 1 || this.#numbers.size > 1;
		return several && ends.local.port !== 0 ? `:${ends.local.port}` : undefined;
	}

	/** Returns a line for each connection, up to a limit. Empty if there is only one. */
	legend(): string[] {
		if (this.#numbers.size < 2) return [];
		const lines = [...this.#numbers].map(([key, number]) => `#${number} ${describeKey(key)}`);
		if (lines.length <= MOST_IN_LEGEND) return lines;
		return [...lines.slice(0, MOST_IN_LEGEND - 1), `… ${lines.at(-1)} (${lines.length} connections)`];
	}

	#keyOfEvent(event: Event): string | undefined {
		if (event.kind === 'segment') return this.keyOf(event.host, { local: event.from, remote: event.to });
		return event.kind === 'state' ? this.keyOf(event.host, event) : undefined;
	}

	#isAddressOf(host: NodeName, { address }: Endpoint): boolean {
		const own = this.#hosts[host];
		return address === own?.ip || (own !== undefined && 'ipv6' in own && address === own.ipv6);
	}
}

function describeKey(key: string): string {
	const [first, second, third] = key.split(' ');
	return third === undefined ? `client:${first} server:${second}` : `${first}:${second} ${first}:${third}`;
}

function isListener({ remote }: SocketAddresses): boolean {
	return remote.port === 0;
}

/** Returns whether both ends are on the same host. */
export function isLoopback({ local, remote }: SocketAddresses): boolean {
	return (
		isLocal(local.address) || isLocal(remote.address) || (local.address !== '' && local.address === remote.address)
	);
}

function isLocal(address: string): boolean {
	return address.startsWith('127.') || address === '::1' || address.startsWith('::ffff:127.');
}
