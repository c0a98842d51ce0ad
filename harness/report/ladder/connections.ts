import type { Event, HostName, TimelineFile } from '../../timeline/events.ts';

interface Socket {
	readonly local: { readonly port: number };
	readonly remote: { readonly port: number };
}

/** Beyond this many, a number tells a reader nothing; without it, what happens to each of them alike can be folded. */
const MOST_TOLD_APART = 40;

/** Names for connections, where a timeline has several: told apart by the ports of client and server. */
export class Connections {
	readonly #numbers = new Map<string, number>();

	constructor({ events }: TimelineFile) {
		for (const event of events) {
			const key = keyOfEvent(event);
			if (key !== undefined && !this.#numbers.has(key)) this.#numbers.set(key, this.#numbers.size + 1);
		}
	}

	/** `#2`, or nothing where it is the only one, or no connection (a listener). */
	labelOf(host: HostName, socket: Socket): string | undefined {
		const number = this.#numbers.get(keyOf(host, socket) ?? '');
		return number === undefined || !this.#toldApart ? undefined : `#${number}`;
	}

	get #toldApart(): boolean {
		return this.#numbers.size >= 2 && this.#numbers.size <= MOST_TOLD_APART;
	}

	/** A line for each that has a number. */
	legend(): string[] {
		if (this.#numbers.size > MOST_TOLD_APART) return [`${this.#numbers.size} connections, too many to tell apart`];
		if (!this.#toldApart) return [];
		return [...this.#numbers].map(([key, number]) => {
			const [client, server] = key.split(' ');
			return `#${number} client:${client} server:${server}`;
		});
	}
}

function keyOfEvent(event: Event): string | undefined {
	if (event.kind === 'segment') return keyOf(event.host, { local: event.from, remote: event.to });
	return event.kind === 'state' ? keyOf(event.host, event) : undefined;
}

/** The same from both ends. Port 0 is a listener, or a socket that is not bound yet. */
export function keyOf(host: HostName, { local, remote }: Socket): string | undefined {
	if (local.port === 0 || remote.port === 0) return undefined;
	return host === 'client' ? `${local.port} ${remote.port}` : `${remote.port} ${local.port}`;
}
