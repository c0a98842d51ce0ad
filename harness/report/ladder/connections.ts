import type { Event, HostName } from '../../timeline/events.ts';
import type { TimelineFile } from '../../timeline/timeline-file.ts';

interface Endpoint {
	readonly address: string;
	readonly port: number;
}

/** A socket as the host that holds it names it. */
export interface Ends {
	readonly local: Endpoint;
	readonly remote: Endpoint;
}

/** A legend names this many connections one by one, and of the others only the last. */
const MOST_IN_LEGEND = 8;

/**
 * Names for connections, where a timeline has several: told apart by their ports. Each has a number, however many there
 * are.
 */
export class Connections {
	readonly #numbers = new Map<string, number>();
	readonly #keys = new Map<number, string>();
	readonly #listeners = new Map<HostName, Set<number>>([
		['client', new Set()],
		['server', new Set()],
	]);
	readonly #hosts: TimelineFile['hosts'];

	constructor({ events, hosts }: Pick<TimelineFile, 'events' | 'hosts'>) {
		this.#hosts = hosts;
		for (const event of events) {
			const key = this.#keyOfEvent(event);
			if (key !== undefined && !this.#numbers.has(key)) this.#numbers.set(key, this.#numbers.size + 1);
			if (event.kind === 'state' && isListener(event)) this.#listeners.get(event.host)?.add(event.local.port);
		}
	}

	/** The same from both ends, and `undefined` for a listener or a socket that is not bound yet. */
	keyOf(host: HostName, { local, remote }: Ends): string | undefined {
		if (local.port === 0 || remote.port === 0) return undefined;
		if (isLoopback({ local, remote }))
			return `${host} ${Math.min(local.port, remote.port)} ${Math.max(local.port, remote.port)}`;
		// A firewall's answer bears the other host's address, whoever made it.
		const isOwn = this.#isAddressOf(host, local) || !this.#isAddressOf(host, remote);
		const [own, other] = isOwn ? [local, remote] : [remote, local];
		return host === 'client' ? this.#keyOfPorts(own.port, other.port) : this.#keyOfPorts(other.port, own.port);
	}

	/** One string for all that are equal: there may be very many segments. */
	#keyOfPorts(client: number, server: number): string {
		const both = (client << 16) | server;
		const known = this.#keys.get(both);
		if (known !== undefined) return known;
		const key = `${client} ${server}`;
		this.#keys.set(both, key);
		return key;
	}

	/** `#2`, or nothing where it is the only one, or no connection (a listener). */
	labelOf(host: HostName, ends: Ends): string | undefined {
		return this.labelOfKey(this.keyOf(host, ends));
	}

	labelOfKey(key: string | undefined): string | undefined {
		const number = this.#numbers.get(key ?? '');
		return number === undefined || this.#numbers.size < 2 ? undefined : `#${number}`;
	}

	/**
	 * Which socket of a host it is: its connection's number, or a listener's port; nothing where there is only one that
	 * it can be.
	 */
	socketOf(host: HostName, ends: Ends): string | undefined {
		const label = this.labelOf(host, ends);
		if (label !== undefined || !isListener(ends)) return label;
		const several = (this.#listeners.get(host)?.size ?? 0) > 1 || this.#numbers.size > 1;
		return several && ends.local.port !== 0 ? `:${ends.local.port}` : undefined;
	}

	/** A line for each that has a number, and one for all that there is no room for. */
	legend(): string[] {
		if (this.#numbers.size < 2) return [];
		const lines = [...this.#numbers].map(([key, number]) => `#${number} ${endsInWords(key)}`);
		if (lines.length <= MOST_IN_LEGEND) return lines;
		return [...lines.slice(0, MOST_IN_LEGEND - 1), `… ${lines.at(-1)} (${lines.length} connections)`];
	}

	#keyOfEvent(event: Event): string | undefined {
		if (event.kind === 'segment') return this.keyOf(event.host, { local: event.from, remote: event.to });
		return event.kind === 'state' ? this.keyOf(event.host, event) : undefined;
	}

	#isAddressOf(host: HostName, { address }: Endpoint): boolean {
		return address === this.#hosts[host].ip;
	}
}

function endsInWords(key: string): string {
	const [first, second, third] = key.split(' ');
	return third === undefined ? `client:${first} server:${second}` : `${first}:${second} ${first}:${third}`;
}

function isListener({ remote }: Ends): boolean {
	return remote.port === 0;
}

/** Both ends are one host's. */
export function isLoopback({ local, remote }: Ends): boolean {
	return (
		isLocal(local.address) || isLocal(remote.address) || (local.address !== '' && local.address === remote.address)
	);
}

function isLocal(address: string): boolean {
	return address.startsWith('127.') || address === '::1' || address.startsWith('::ffff:127.');
}
