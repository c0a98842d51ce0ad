import type { Event } from './events.ts';

/** One event as a line, for messages: time, host, what happened. */
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
	}
}

/** Which socket of its host it is about: its own port and its peer's. */
function socketOf({ local, remote }: Pick<Extract<Event, { kind: 'error' }>, 'local' | 'remote'>): string {
	return local === undefined || remote === undefined ? '' : `${local.port} ↔ ${remote.port}: `;
}

type Packet = Extract<Event, { kind: 'segment' | 'icmp' }>;

function arrowOf({ host, link }: Packet): string {
	if (link === 'loopback') return 'loopback';
	return host === 'client' ? '>' : '<';
}

function fateOf({ host, fate, by, origin }: Packet): string {
	return `${fate}${by ? ` by ${by}` : ''}${origin === 'firewall' ? ` (made by the ${host}’s firewall)` : ''}`;
}

type Row = Extract<Event, { kind: 'sockets' }>['rows'][number];

/** One socket as a reader of `ss` knows it. */
export function describeRow({ state, receiveQueue, sendQueue, local, remote, timer }: Row): string {
	const clock = timer ? ` timer:(${timer.name},${Math.round(timer.leftMs)}ms,${timer.count})` : '';
	const ends = `${local.address}:${local.port} ${remote.address}:${remote.port}`;
	return `${state} ${receiveQueue} ${sendQueue} ${ends}${clock}`;
}

function resultOf({ returned, errno, result, took }: Extract<Event, { kind: 'call' }>): string {
	if (errno !== undefined) return `= ${errno}`;
	if (returned === undefined) return took === undefined ? '… blocked' : `… ${result ?? 'never returned'}`;
	return `= ${returned}${result ? ` (${result})` : ''}`;
}
