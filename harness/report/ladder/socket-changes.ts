import type { EventOf, HostName } from '../../timeline/events.ts';
import type { Connections, Ends } from './connections.ts';

/** The same news of a socket are not told more often than this, however often its timer comes and goes. */
const MOST_TIMES = 2;

/**
 * What a look at `ss` adds to a ladder: the rows whose state, timer or queues are not what was last known, each in a
 * few words. The counts of a running timer are not news; the segments show them.
 */
export class SocketChanges {
	readonly #known = new Map<string, string>();
	readonly #drawn = new Map<string, number>();
	readonly #connections: Connections;

	constructor(connections: Connections) {
		this.#connections = connections;
	}

	/** A state that was drawn needs no repetition by `ss`. */
	stateDrawn(event: EventOf<'state'>): void {
		const socket = this.#keyOf(event.host, event);
		if (socket !== undefined) this.#known.set(socket, event.to);
	}

	/** The news of one look, in the order of its rows. */
	sample(event: EventOf<'sockets'>): { readonly text: string; readonly row: SocketRow }[] {
		return event.rows.flatMap((row) => {
			const socket = this.#keyOf(event.host, row);
			const sort = sortOf(row);
			if (socket === undefined || this.#known.get(socket) === sort) return [];
			const wasKnown = this.#known.has(socket);
			this.#known.set(socket, sort);
			// Idle and established, as nearly always: the arrows have told it.
			if (sort === 'ESTAB' && !wasKnown) return [];
			const times = (this.#drawn.get(`${socket} ${sort}`) ?? 0) + 1;
			this.#drawn.set(`${socket} ${sort}`, times);
			return times > MOST_TIMES ? [] : [{ text: describe(row), row }];
		});
	}

	/** Listeners have no other end, and nothing to tell. */
	#keyOf(host: HostName, socket: Ends): string | undefined {
		const key = this.#connections.keyOf(host, socket);
		return key === undefined ? undefined : `${host} ${key} ${socket.local.port}`;
	}
}

type SocketRow = EventOf<'sockets'>['rows'][number];

/** What makes two rows the same news: how much waits in a queue does not. */
function sortOf(row: SocketRow): string {
	return [row.state, row.sendQueue > 0 && 'Send-Q', row.receiveQueue > 0 && 'Recv-Q', row.timer?.name]
		.filter(Boolean)
		.join(' ');
}

function describe(row: SocketRow): string {
	const queues = [row.sendQueue > 0 && `Send-Q ${row.sendQueue}`, row.receiveQueue > 0 && `Recv-Q ${row.receiveQueue}`];
	return [row.state, ...queues, row.timer && `timer:${row.timer.name}`].filter(Boolean).join(' ');
}
