/** For tests: observations, state changes and samples of one connection. */

import type { CapturedSegment, Endpoint } from '../formats/types.ts';
import type { EventOf, HostName, SegmentEvent, SocketRow, StateEvent } from './events.ts';
import { History } from './history.ts';
import { type JoinContext, PacketJoin, type PacketObservation } from './packet-join.ts';

export const CLIENT = { address: '198.18.0.2', port: 50_000 };
export const SERVER = { address: '198.18.0.3', port: 8080 };
/** The initial sequence numbers of client and server. */
export const CLIENT_ISN = 1_000_000;
export const SERVER_ISN = 2_000_000_000;
/** The start of the histories in tests, in seconds since the epoch. */
export const HISTORY_START = 1_800_000_000;

export function emptyHistory(): History {
	return new History(HISTORY_START, { client: [CLIENT.address], server: [SERVER.address] });
}

/** How long a segment is on the wire, in seconds. */
export const TRAVEL = 0.000_03;
/** The time between arrival and the firewall's log, in seconds. */
const LOGGING = 0.000_01;

/**
 * The fate of a segment. `stopped`: the sender's own firewall dropped it, so no capture saw it. `cut`: it was dropped
 * on the wire.
 */
export type SentFate = 'delivered' | 'dropped' | 'unobserved' | 'stopped' | 'cut';

interface Sent extends Partial<Pick<CapturedSegment, 'seq' | 'ack' | 'length' | 'ipId' | 'options'>> {
	readonly fate?: SentFate;
	readonly clientPort?: number;
	readonly boot?: number;
	/** Whether the rule that dropped or stopped it also answers it. */
	readonly rejected?: boolean;
}

/** Makes the observations of segments that are sent one after the other. */
export class SimulatedWire {
	readonly observations: PacketObservation[] = [];
	#ipId = 0;

	/**
	 * Sends a segment at `t`, in seconds since the start of the history. Like on Linux, each segment gets another IP
	 * identification, unless `numbers` has one.
	 */
	send(
		t: number,
		sender: HostName,
		flags: string,
		{ fate = 'delivered', clientPort = CLIENT.port, boot = 1, rejected = false, ...numbers }: Sent = {},
	): this {
		const client = { ...CLIENT, port: clientPort };
		const [from, to] = sender === 'client' ? [client, SERVER] : [SERVER, client];
		const receiver = sender === 'client' ? 'server' : 'client';
		const segment = {
			kind: 'segment',
			from,
			to,
			flags,
			seq: 0,
			ack: 0,
			length: 0,
			window: 502,
			ipId: ++this.#ipId,
			options: {},
			...numbers,
		} as const;
		const leaving = HISTORY_START + t;
		const by = { what: 'dropped', by: 'drop-1', rejected } as const;
		if (fate === 'stopped') return this.#observe({ host: sender, boot, ...by, packet: { ...segment, t: leaving } });
		this.#observe({ host: sender, boot, what: 'left', packet: { ...segment, t: leaving, direction: 'out' } });
		if (fate === 'unobserved') return this;
		if (fate === 'cut') {
			const t = leaving + TRAVEL / 2;
			return this.#observe({ host: 'wire', boot: 1, what: 'dropped', by: 'cut-1', packet: { ...segment, t } });
		}
		this.#observe({
			host: receiver,
			boot,
			what: 'arrived',
			packet: { ...segment, t: leaving + TRAVEL, direction: 'in' },
		});
		if (fate === 'delivered') return this;
		return this.#observe({
			host: receiver,
			boot,
			...by,
			packet: { ...segment, t: leaving + TRAVEL + LOGGING, prefix: 'drop-1' },
		});
	}

	#observe(observation: PacketObservation): this {
		this.observations.push(observation);
		return this;
	}
}

/** Makes the three segments of a handshake. */
export function handshake(): SimulatedWire {
	return new SimulatedWire()
		.send(0, 'client', 'S', { seq: CLIENT_ISN })
		.send(0.001, 'server', 'S.', { seq: SERVER_ISN, ack: CLIENT_ISN + 1 })
		.send(0.002, 'client', '.', { seq: CLIENT_ISN + 1, ack: SERVER_ISN + 1 });
}

/** Joins observations, all of which are added before the first segment is read. */
export function joinSegments(
	observations: readonly PacketObservation[],
	context: JoinContext,
): readonly SegmentEvent[] {
	const packets = new PacketJoin(context);
	for (const observation of observations) packets.observe(observation);
	return packets.segments;
}

/** Joins the observations of a wire in an empty history. */
export const join = (wire: SimulatedWire) => joinSegments(wire.observations, emptyHistory());

/** Returns the relative numbers of the segments after the handshake. */
export const numbersOf = (wire: SimulatedWire) =>
	join(wire)
		.slice(3)
		.map(({ seq, ack }) => [seq, ack]);
export const retransmissionsOf = (wire: SimulatedWire) => join(wire).map(({ retransmission }) => retransmission);

function ends(host: HostName): { local: Endpoint; remote: Endpoint } {
	return host === 'client' ? { local: CLIENT, remote: SERVER } : { local: SERVER, remote: CLIENT };
}

/** Makes a traced state change, unless `more` says otherwise. */
export function stateEvent(
	t: number,
	host: HostName,
	from: string,
	to: string,
	more: Partial<StateEvent> = {},
): StateEvent {
	return { kind: 'state', t, host, boot: 1, ...ends(host), from, to, how: 'traced', ...more };
}

/** Makes a sample of a host's sockets. A string stands for the connection between client and server in this state. */
export function sampleAt(
	t: number,
	host: HostName,
	...states: readonly (string | Pick<SocketRow, 'state' | 'local' | 'remote'>)[]
): EventOf<'sockets'> {
	const rows = states.map((state) => (typeof state === 'string' ? { state, ...ends(host) } : state));
	return {
		kind: 'sockets',
		t,
		host,
		boot: 1,
		rows: rows.map((row) => ({ receiveQueue: 0, sendQueue: 0, details: '', ...row })),
	};
}
