import { endpointText } from '../formats/address.ts';
import {
	type ConnectionRow,
	type Event,
	type EventOf,
	type PacketChange,
	type PacketEvent,
	type SocketRow,
	sideOf,
} from './events.ts';

/** Formats an event as one line for messages: time, host, what happened. */
export function describeEvent(event: Event): string {
	const host = 'host' in event ? event.host : '';
	return `${event.t.toFixed(3).padStart(9)}  ${host.padEnd(6)}  ${whatHappened(event)}`;
}

function whatHappened(event: Event): string {
	switch (event.kind) {
		case 'step':
			return `── ${event.text}`;
		case 'fault':
			return `fault ${event.id} ${event.phase}: ${event.text}${event.proof ? ` (${event.proof})` : ''}`;
		case 'process':
			return `${event.peer} ${event.what}: ${event.text.trimEnd()}`;
		case 'output':
			return `${event.peer} ${event.stream === 'out' ? 'printed' : 'complained'}: ${event.text.trimEnd()}`;
		case 'call':
			return `${event.peer}: ${event.name}(${event.args}) ${resultOf(event)}`;
		case 'segment':
			return (
				`${arrowOf(event)} ${event.flags} seq ${event.seq} ack ${event.ack} len ${event.length} ` +
				`${fateOf(event)}${event.retransmission ? ' (retransmission)' : ''}`
			);
		case 'icmp':
			return `${arrowOf(event)} icmp ${event.name} ${fateOf(event)}`;
		case 'state':
			return `${socketOf(event)}${event.from} → ${event.to} (${event.how}${event.ghost ? ', ghost' : ''})`;
		case 'sockets':
			return event.rows.length === 0 ? 'ss: no socket' : `ss: ${event.rows.map(describeRow).join('; ')}`;
		case 'error':
			return `${socketOf(event)}${event.errno} (${event.source}${event.ghost ? ', ghost' : ''})`;
		case 'retransmit':
			return `${socketOf(event)}retransmits in ${event.state}`;
		case 'reset':
			return `${socketOf(event)}RST ${event.direction}${event.reason ? ` (${event.reason})` : ''}`;
		case 'conntrack':
			return `conntrack ${event.what}${event.by === undefined ? '' : ` by ${event.by}`}: ${describeConnection(event)}`;
		case 'connections':
			return `conntrack: ${event.rows.map(describeConnection).join('; ') || 'no connection'}`;
	}
}

/** Formats what a router knows of a connection, in the form of conntrack(8). */
export function describeConnection({ state, secondsLeft, original, replied, assured }: ConnectionRow): string {
	const left = secondsLeft === undefined ? '' : `${secondsLeft} s `;
	const flags = [replied ? '' : ' [UNREPLIED]', assured ? ' [ASSURED]' : ''].join('');
	return `${state ?? 'TCP'} ${left}${endpointText(original.from)} → ${endpointText(original.to)}${flags}`;
}

/** Formats the socket of an event: its own port and the port of the other end. */
function socketOf({ local, remote }: Pick<EventOf<'error'>, 'local' | 'remote'>): string {
	return local === undefined || remote === undefined ? '' : `${local.port} ↔ ${remote.port}: `;
}

function arrowOf(packet: PacketEvent): string {
	if (packet.link === 'loopback') return 'loopback';
	return sideOf(packet) === 'client' ? '>' : '<';
}

function fateOf({ host, fate, by, origin, changes = [] }: PacketEvent): string {
	const maker = { firewall: `made by the ${host}’s firewall`, injected: 'injected' };
	const remarks = [...(origin ? [maker[origin]] : []), ...changes.map(changeInWords)];
	return `${fate}${by ? ` by ${by}` : ''}${remarks.length > 0 ? ` (${remarks.join(', ')})` : ''}`;
}

/** Returns what a fault did to a packet on its way, in words. */
export function changeInWords({ by, what, t, until, overtakenBy = 0, arrived }: PacketChange): string {
	const kept = until === undefined ? '' : ` for ${duration(until - t)}`;
	switch (what) {
		case 'held':
			return `held by ${by}${kept}`;
		case 'reordered':
			return `overtaken by ${overtakenBy} because of ${by}${kept}`;
		case 'corrupted':
			return `a bit flipped by ${by}`;
		case 'duplicated':
			return `duplicated by ${by}${arrived === undefined ? ', the copy did not arrive' : ''}`;
	}
}

const duration = (seconds: number) => {
	const [value, unit] = seconds < 1 ? [seconds * 1_000, 'ms'] : [seconds, 's'];
	return `${Number(value.toPrecision(2))} ${unit}`;
};

/** Formats a row of `ss`, in the form of `ss`. */
export function describeRow({ state, receiveQueue, sendQueue, local, remote, timer }: SocketRow): string {
	const timerText = timer ? ` timer:(${timer.name},${Math.round(timer.leftMs)}ms,${timer.count})` : '';
	const ends = `${endpointText(local)} ${endpointText(remote)}`;
	return `${state} ${receiveQueue} ${sendQueue} ${ends}${timerText}`;
}

function resultOf({ returned, errno, result, took }: EventOf<'call'>): string {
	if (errno !== undefined) return `= ${errno}`;
	if (returned === undefined) return took === undefined ? '… blocked' : `… ${result ?? 'never returned'}`;
	return `= ${returned}${result ? ` (${result})` : ''}`;
}
