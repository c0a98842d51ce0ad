import type { Event, NodeName } from '../../timeline/events.ts';
import { portIn } from './call-items.ts';
import type { Connections } from './connections.ts';
import { type Call, PRECISION, RETURN_PRECISION, type Segment } from './item.ts';

/**
 * Finds the connection of a call by its socket, or by earlier calls with the same descriptor. Calls must be passed in
 * the order of time.
 */
export class CallConnections {
	readonly #connections: Connections;
	readonly #byDescriptor = new Map<string, string>();
	/** SYNs by host and destination port, without those that were assigned to an earlier connect(). */
	readonly #syns = new Map<string, Segment[]>();

	constructor(events: readonly Event[], connections: Connections) {
		this.#connections = connections;
		for (const event of events) {
			if (event.kind !== 'segment' || event.flags.includes('.') || !event.flags.includes('S') || event.retransmission)
				continue;
			const key = `${event.host} ${event.to.port}`;
			const known = this.#syns.get(key);
			if (known) known.push(event);
			else this.#syns.set(key, [event]);
		}
	}

	/** Returns the key of the connection. */
	of(call: Call): string | undefined {
		const { name, fd } = call;
		const own = fd === undefined ? undefined : descriptor(call, fd);
		const bySocket = this.#ofSocket(call, call.socket);
		if (name.startsWith('accept')) {
			const accepted = bySocket ?? this.#accepted(call);
			if (accepted !== undefined && call.returned !== undefined)
				this.#byDescriptor.set(descriptor(call, call.returned), accepted);
			return accepted;
		}
		if (own === undefined) return this.#polled(call);
		const known = bySocket ?? (name === 'connect' ? this.#connected(call) : this.#byDescriptor.get(own));
		if (name === 'close') this.#byDescriptor.delete(own);
		else if (known !== undefined) this.#byDescriptor.set(own, known);
		return known ?? this.#polled(call);
	}

	#ofSocket({ host }: Call, socket: Call['socket']): string | undefined {
		if (socket?.local === undefined || socket.remote === undefined) return undefined;
		return this.#connections.keyOf(host, { local: socket.local, remote: socket.remote });
	}

	/** Returns the first connection among those that the call waited for. */
	#polled(call: Call): string | undefined {
		for (const { fd, socket } of [...(call.ready ?? []), ...(call.waitsOn ?? [])]) {
			const known = this.#ofSocket(call, socket) ?? this.#byDescriptor.get(descriptor(call, fd));
			if (known !== undefined) return known;
		}
		return undefined;
	}

	/** Returns the connection whose SYN was sent during this connect(). */
	#connected(call: Call): string | undefined {
		const port = call.socket?.remote?.port ?? portIn(call.args);
		const syns = this.#syns.get(`${call.host} ${port}`) ?? [];
		const until = call.t + (call.took ?? Number.POSITIVE_INFINITY) + RETURN_PRECISION;
		const index = syns.findIndex(({ t }) => t >= call.t - PRECISION);
		const syn = index === -1 ? undefined : syns[index];
		if (syn === undefined || syn.t > until) return undefined;
		// Earlier SYNs cannot belong to later calls, because calls come in the order of time.
		syns.splice(0, index + 1);
		return this.#connections.keyOf(syn.host, { local: syn.from, remote: syn.to });
	}

	#accepted(call: Call): string | undefined {
		const remote = portIn(call.args);
		const local = call.socket?.local?.port;
		if (remote === undefined || local === undefined) return undefined;
		return this.#connections.keyOf(call.host, {
			local: { address: '', port: local },
			remote: { address: '', port: remote },
		});
	}
}

function descriptor({ host, pid }: { readonly host: NodeName; readonly pid: number }, fd: number): string {
	return `${host} ${pid} ${fd}`;
}
