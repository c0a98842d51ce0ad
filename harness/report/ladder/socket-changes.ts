import type { EventOf, NodeName, SocketRow } from '../../timeline/events.ts';
import type { Connections, SocketAddresses } from './connections.ts';

/** The largest number of times that the same change of a socket is drawn, however often its timer starts and stops. */
const MOST_TIMES = 2;

/**
 * Finds the changes that a sample of `ss` adds to a ladder: rows whose state, timer or queues differ from what is
 * known. The counts of a running timer are not changes, because the segments show them.
 */
export class SocketChanges {
	readonly #known = new Map<string, string>();
	readonly #drawn = new Map<string, number>();
	readonly #connections: Connections;

	constructor(connections: Connections) {
		this.#connections = connections;
	}

	/** Called for each drawn state, which is then not drawn again from a sample. */
	stateDrawn(event: EventOf<'state'>): void {
		const socket = this.#keyOf(event.host, event);
		if (socket !== undefined) this.#known.set(socket, event.to);
	}

	/** Returns the changes in a sample, in the order of its rows. */
	sample(event: EventOf<'sockets'>): { readonly text: string; readonly row: SocketRow }[] {
		return event.rows.flatMap((row) => {
			const socket = this.#keyOf(event.host, row);
			const sort = sortOf(row);
			if (socket === undefined || this.#known.get(socket) === sort) return [];
			const wasKnown = this.#known.has(socket);
			this.#known.set(socket, sort);
			// Idle and established, as nearly always: the arrows show that.
			if (sort === 'ESTAB' && !wasKnown) return [];
			const times = (this.#drawn.get(`${socket} ${sort}`) ?? 0) + 1;
			this.#drawn.set(`${socket} ${sort}`, times);
			return times > MOST_TIMES ? [] : [{ text: describe(row), row }];
		});
	}

	/** Undefined for listeners, which are not drawn from samples. */
	#keyOf(host: NodeName, socket: SocketAddresses): string | undefined {
		const key = this.#connections.keyOf(host, socket);
		return key === undefined ? undefined : `${host} ${key} ${socket.local.port}`;
	}
}

export /** Returns the properties of a row whose change is drawn. The number of bytes in a queue is none of them. */
function sortOf(row: SocketRow): string {
	return [row.state, row.sendQueue > 0 && 'Send-Q', row.receiveQueue > 0 && 'Recv-Q', row.timer?.name]
		.filter(Boolean)
		.join(' ');
}

function describe(row: SocketRow): string {
	const queues = [row.sendQueue > 0 && `Send-Q ${row.sendQueue}`, row.receiveQueue > 0 && `Recv-Q ${row.receiveQueue}`];
	return [row.state, ...queues, row.timer && `timer:${row.timer.name}`].filter(Boolean).join(' ');
}
