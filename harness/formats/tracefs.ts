import { errnoName } from '../tcp/errnos.ts';
import { STATES } from '../tcp/states.ts';
import type { Endpoint, TraceRecord } from './types.ts';

/**
 * What a line of the trace is: a record, one of a socket or an event that is no concern of ours, or nothing that could
 * be read.
 */
type ParsedLine = TraceRecord | 'not ours' | 'unread';

/**
 * `comm-pid [cpu] flags time: event: fields` (kernel/trace/trace_output.c, `trace_print_context`). The command may hold
 * anything, even what looks like the columns behind it, so it is matched greedily: the last thing that looks like them
 * is them.
 */
const LINE = /^.*-\d+ +(?:\([ \d-]+\) +)?\[\d{3,}\] +\S+ +(\d+\.\d+): (\w+): (.*)$/;

type Fields = ReadonlyMap<string, string>;

const READERS: Record<string, (t: number, fields: Fields) => ParsedLine> = {
	inet_sock_set_state: readState,
	inet_sk_error_report: readError,
	tcp_send_reset: (t, fields) => readReset(t, fields, 'sent'),
	tcp_receive_reset: (t, fields) => readReset(t, fields, 'received'),
	tcp_retransmit_skb: readRetransmit,
};

/**
 * Reads one line of tracefs' trace_pipe. IPv4 and TCP only (IPv4 over a socket that takes both, too); anything else is
 * undefined. Where what is not ours and what could not be read must be told apart, use a `TraceReader`.
 */
export function parseTrace(line: string): TraceRecord | undefined {
	const judged = parseLine(line);
	return typeof judged === 'string' ? undefined : judged;
}

/** Reads a trace_pipe as it comes, in pieces of any size. */
export class TraceReader {
	/** Lines that are of no known form. */
	readonly unread: string[] = [];
	#rest = '';

	push(text: string): TraceRecord[] {
		const lines = (this.#rest + text).split('\n');
		this.#rest = lines.pop() ?? '';
		return lines.flatMap((line) => this.#read(line));
	}

	/** Reads a last line that had no newline. */
	end(): TraceRecord[] {
		const last = this.#rest;
		this.#rest = '';
		return this.#read(last);
	}

	#read(line: string): TraceRecord[] {
		const judged = parseLine(line);
		if (judged === 'unread') this.unread.push(line);
		return typeof judged === 'string' ? [] : [judged];
	}
}

function parseLine(line: string): ParsedLine {
	if (line.trim() === '') return 'not ours';
	const [, t, event = '', text = ''] = LINE.exec(line) ?? [];
	if (t === undefined) return readLost(line) ?? 'unread';
	const reader = Object.hasOwn(READERS, event) ? READERS[event] : undefined;
	return reader ? reader(Number(t), readFields(text)) : 'not ours';
}

/** kernel/trace/trace.c, `print_trace_line`: without a number where the ring buffer does not know how many. */
function readLost(line: string): TraceRecord | undefined {
	const [, cpu, events] = /^CPU:(\d+) \[LOST (?:(\d+) )?EVENTS\]$/.exec(line.trim()) ?? [];
	if (cpu === undefined) return undefined;
	return { kind: 'lost', cpu: Number(cpu), ...(events !== undefined && { events: Number(events) }) };
}

function readFields(text: string): Fields {
	return new Map(Array.from(text.matchAll(/(\w+)=(\S*)/g), ([, name = '', value = '']) => [name, value]));
}

function readState(t: number, fields: Fields): ParsedLine {
	const ends = readEnds(fields);
	if (typeof ends === 'string') return ends;
	const from = fields.get('oldstate');
	const to = fields.get('newstate');
	return from && to ? { kind: 'state', t, ...ends, from: stateName(from), to: stateName(to) } : 'unread';
}

function readError(t: number, fields: Fields): ParsedLine {
	const ends = readEnds(fields);
	if (typeof ends === 'string') return ends;
	const number = fields.get('error');
	if (number === undefined || !/^-?\d+$/.test(number)) return 'unread';
	// sk_error_report is also called to wake a sleeper when a socket ends without an error (net/ipv4/tcp.c,
	// `tcp_disconnect`): nothing to report.
	if (Number(number) === 0) return 'not ours';
	return { kind: 'error', t, ...ends, errno: errnoName(Math.abs(Number(number))) };
}

/**
 * tcp_send_reset has `src=ip:port dest=ip:port` since 6.10, and a reason; before, the fields of a socket, and no event
 * where there was none (include/trace/events/tcp.h).
 */
function readReset(t: number, fields: Fields, direction: 'sent' | 'received'): ParsedLine {
	const ends = fields.has('src') ? readPairs(fields) : readEnds(fields);
	if (typeof ends === 'string') return ends;
	const reason = fields.get('reason');
	return { kind: 'reset', t, direction, ...ends, ...(reason && { reason }) };
}

function readRetransmit(t: number, fields: Fields): ParsedLine {
	const ends = readEnds(fields);
	if (typeof ends === 'string') return ends;
	const state = fields.get('state');
	if (!state) return 'unread';
	// Since 6.17 the event also tells of attempts that did not leave the host; before, there was no event for these
	// (net/ipv4/tcp_output.c, `__tcp_retransmit_skb`).
	const error = Math.abs(Number(fields.get('err') ?? 0));
	return { kind: 'retransmit', t, ...ends, state: stateName(state), ...(error > 0 && { errno: errnoName(error) }) };
}

interface Ends {
	readonly local: Endpoint;
	readonly remote: Endpoint;
}

/**
 * The fields of a socket. `family` and `protocol` are absent on older kernels; the IPv6 form of the addresses tells the
 * family always.
 */
function readEnds(fields: Fields): Ends | 'not ours' | 'unread' {
	const protocol = fields.get('protocol');
	if (protocol !== undefined && protocol !== 'IPPROTO_TCP') return 'not ours';
	const local = readEnd(fields.get('saddr'), fields.get('saddrv6'), fields.get('sport'));
	const remote = readEnd(fields.get('daddr'), fields.get('daddrv6'), fields.get('dport'));
	if (!local || !remote) return 'unread';
	return local === 'not ours' || remote === 'not ours' ? 'not ours' : { local, remote };
}

function readEnd(
	address: string | undefined,
	v6: string | undefined,
	port: string | undefined,
): Endpoint | 'not ours' | undefined {
	if (address === undefined || v6 === undefined || !isPort(port)) return undefined;
	// `::` is the wildcard of a socket that may take IPv4, too: a Node server listens on it. One that takes IPv6 only
	// looks the same.
	if (v6 !== '::' && !v6.startsWith('::ffff:')) return 'not ours';
	return isIpv4(address) ? { address, port: Number(port) } : undefined;
}

function readPairs(fields: Fields): Ends | 'not ours' | 'unread' {
	const local = readPair(fields.get('src'));
	const remote = readPair(fields.get('dest'));
	if (!local || !remote) return 'unread';
	return local === 'not ours' || remote === 'not ours' ? 'not ours' : { local, remote };
}

/** `%pISpc` (Documentation/core-api/printk-formats.rst): `1.2.3.4:80`, `[::1]:80`, `[::ffff:1.2.3.4]:80`. */
function readPair(text: string | undefined): Endpoint | 'not ours' | undefined {
	const [, v6, v4, port] = /^(?:\[([\da-f:.]+)\]|([\d.]+)):(\d+)$/.exec(text ?? '') ?? [];
	const address = v4 ?? v6?.replace(/^::ffff:(?=\d+\.)/, '');
	if (address === undefined || !isPort(port)) return undefined;
	if (address.includes(':')) return 'not ours';
	return isIpv4(address) ? { address, port: Number(port) } : undefined;
}

function isPort(text: string | undefined): boolean {
	return text !== undefined && /^\d{1,5}$/.test(text) && Number(text) <= 65535;
}

function isIpv4(text: string): boolean {
	return /^(?:\d{1,3}\.){3}\d{1,3}$/.test(text);
}

const KERNEL_STATES: Record<string, string> = {
	TCP_ESTABLISHED: 'ESTAB',
	TCP_CLOSE: 'CLOSED',
	TCP_FIN_WAIT1: 'FIN-WAIT-1',
	TCP_FIN_WAIT2: 'FIN-WAIT-2',
	// A request socket that waits for the last segment of the handshake: one state on the wire
	// (include/net/tcp_states.h).
	TCP_NEW_SYN_RECV: 'SYN-RECV',
	...Object.fromEntries(STATES.map((state) => [`TCP_${state.replaceAll('-', '_')}`, state])),
};

/** The kernel's name of a state in ss spelling; a name that is none of the known ones stays as it is. */
function stateName(name: string): string {
	return Object.hasOwn(KERNEL_STATES, name) ? (KERNEL_STATES[name] ?? name) : name;
}
