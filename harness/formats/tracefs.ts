import { errnoName } from '../tcp/errnos.ts';
import { STATES } from '../tcp/states.ts';
import { isAddress, unmapped } from './address.ts';
import type { Endpoint, TraceRecord } from './types.ts';

/**
 * The result of parsing a line: a record; `not ours` for other events and other sockets; `unread` if the line could not
 * be parsed.
 */
type ParsedLine = TraceRecord | 'not ours' | 'unread';

/**
 * `comm-pid [cpu] flags time: event: fields` (kernel/trace/trace_output.c, `trace_print_context`). The command may
 * contain any text, even text that looks like the columns after it. So it is matched greedily, and the last text that
 * looks like the columns is taken.
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
 * Parses a line of tracefs' trace_pipe. Returns undefined if it is not about TCP, or could not be parsed. Use a `TraceReader` to find lines that could not be parsed.
 */
export function parseTrace(line: string): TraceRecord | undefined {
	const parsed = parseLine(line);
	return typeof parsed === 'string' ? undefined : parsed;
}

/** Parses a trace_pipe as it grows, in chunks of any size. */
export class TraceReader {
	/** Lines that could not be parsed. */
	readonly unread: string[] = [];
	#rest = '';

	push(text: string): TraceRecord[] {
		const lines = (this.#rest + text).split('\n');
		this.#rest = lines.pop() ?? '';
		return lines.flatMap((line) => this.#read(line));
	}

	/** Returns the record of a last line without newline. To be called once, after the last `push`. */
	end(): TraceRecord[] {
		const last = this.#rest;
		this.#rest = '';
		return this.#read(last);
	}

	#read(line: string): TraceRecord[] {
		const parsed = parseLine(line);
		if (parsed === 'unread') this.unread.push(line);
		return typeof parsed === 'string' ? [] : [parsed];
	}
}

function parseLine(line: string): ParsedLine {
	if (line.trim() === '') return 'not ours';
	const [, t, event = '', text = ''] = LINE.exec(line) ?? [];
	if (t === undefined) return readLost(line) ?? 'unread';
	const reader = Object.hasOwn(READERS, event) ? READERS[event] : undefined;
	return reader ? reader(Number(t), readFields(text)) : 'not ours';
}

/**
 * Parses the line about lost events (kernel/trace/trace.c, `print_trace_line`). It has no number if the ring buffer
 * does not know how many were lost.
 */
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
	// The kernel also calls sk_error_report without an error, to wake a process when a socket ends (net/ipv4/tcp.c,
	// `tcp_disconnect`).
	if (Number(number) === 0) return 'not ours';
	return { kind: 'error', t, ...ends, errno: errnoName(Math.abs(Number(number))) };
}

/**
 * Since Linux 6.10 tcp_send_reset has `src=ip:port dest=ip:port` and a reason. Before, it had the fields of the socket,
 * and there was no event without a socket (include/trace/events/tcp.h).
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
	// Since Linux 6.17 there are also events for attempts that did not leave the host (net/ipv4/tcp_output.c,
	// `__tcp_retransmit_skb`).
	const error = Math.abs(Number(fields.get('err') ?? 0));
	return { kind: 'retransmit', t, ...ends, state: stateName(state), ...(error > 0 && { errno: errnoName(error) }) };
}

interface LocalAndRemote {
	readonly local: Endpoint;
	readonly remote: Endpoint;
}

/**
 * Parses the fields of a socket. Older kernels have no `family` and `protocol`, so the family is taken from the IPv6
 * form of the addresses.
 */
function readEnds(fields: Fields): LocalAndRemote | 'not ours' | 'unread' {
	const protocol = fields.get('protocol');
	if (protocol !== undefined && protocol !== 'IPPROTO_TCP') return 'not ours';
	const local = readEnd(fields.get('saddr'), fields.get('saddrv6'), fields.get('sport'));
	const remote = readEnd(fields.get('daddr'), fields.get('daddrv6'), fields.get('dport'));
	return local && remote ? { local, remote } : 'unread';
}

/**
 * The IPv4 fields of a socket for IPv6 are no address of it: 127.0.0.6 if it is connected (net/ipv6/tcp_ipv6.c,
 * LOOPBACK4_IPV6).
 */
function readEnd(v4: string | undefined, v6: string | undefined, port: string | undefined): Endpoint | undefined {
	if (v4 === undefined || v6 === undefined || !isPort(port)) return undefined;
	// `::` is also the wildcard address of a socket for both IPv4 and IPv6, as in Node servers. `ss` shows that as `*`, so
	// both are written as 0.0.0.0 (ss.ts).
	const address = v6 === '::' ? '0.0.0.0' : unmapped(v6);
	return isAddress(address) && isAddress(v4) ? { address, port: Number(port) } : undefined;
}

function readPairs(fields: Fields): LocalAndRemote | 'unread' {
	const local = readPair(fields.get('src'));
	const remote = readPair(fields.get('dest'));
	return local && remote ? { local, remote } : 'unread';
}

/**
 * Parses the format `%pISpc` (Documentation/core-api/printk-formats.rst): `1.2.3.4:80`, `[::1]:80`,
 * `[::ffff:1.2.3.4]:80`.
 */
function readPair(text: string | undefined): Endpoint | undefined {
	const [, v6, v4, port] = /^(?:\[([\da-f:.]+)\]|([\d.]+)):(\d+)$/.exec(text ?? '') ?? [];
	const address = v4 ?? unmapped(v6 ?? '');
	return isAddress(address) && isPort(port) ? { address, port: Number(port) } : undefined;
}

function isPort(text: string | undefined): boolean {
	return text !== undefined && /^\d{1,5}$/.test(text) && Number(text) <= 65535;
}

const KERNEL_STATES: Record<string, string> = {
	TCP_ESTABLISHED: 'ESTAB',
	TCP_CLOSE: 'CLOSED',
	TCP_FIN_WAIT1: 'FIN-WAIT-1',
	TCP_FIN_WAIT2: 'FIN-WAIT-2',
	// The state of a request socket, which waits for the last segment of the handshake (include/net/tcp_states.h). `ss`
	// shows it as SYN-RECV.
	TCP_NEW_SYN_RECV: 'SYN-RECV',
	...Object.fromEntries(STATES.map((state) => [`TCP_${state.replaceAll('-', '_')}`, state])),
};

/** Converts the kernel's name of a state to the spelling of `ss`. Returns an unknown name unchanged. */
function stateName(name: string): string {
	return Object.hasOwn(KERNEL_STATES, name) ? (KERNEL_STATES[name] ?? name) : name;
}
