/** The socket calls of a controlled process: how the arguments of each are encoded and its values decoded. */

import { unmapped } from '../formats/address.ts';
import type { Endpoint } from '../formats/types.ts';
import type { Errno } from '../tcp/errnos.ts';

export const MESSAGE_FLAGS = [
	'MSG_NOSIGNAL',
	'MSG_DONTWAIT',
	'MSG_OOB',
	'MSG_MORE',
	'MSG_PEEK',
	'MSG_WAITALL',
	'MSG_TRUNC',
] as const;
export type MessageFlag = (typeof MESSAGE_FLAGS)[number];
export const POLL_EVENTS = ['POLLIN', 'POLLPRI', 'POLLOUT', 'POLLERR', 'POLLHUP', 'POLLNVAL', 'POLLRDHUP'] as const;
export type PollEvent = (typeof POLL_EVENTS)[number];
export const SHUTDOWN_HOWS = ['RD', 'WR', 'RDWR'] as const;
export type ShutdownHow = (typeof SHUTDOWN_HOWS)[number];

/**
 * Options whose value is one number, in the kernel's unit: TCP_USER_TIMEOUT in ms, TCP_KEEP… and TCP_DEFER_ACCEPT in
 * seconds, buffers in bytes.
 */
export const NUMBER_OPTIONS = [
	'SO_REUSEADDR',
	'SO_KEEPALIVE',
	'SO_RCVBUF',
	'SO_SNDBUF',
	'TCP_NODELAY',
	'TCP_USER_TIMEOUT',
	'TCP_KEEPIDLE',
	'TCP_KEEPINTVL',
	'TCP_KEEPCNT',
	'TCP_DEFER_ACCEPT',
	'TCP_SYNCNT',
] as const;
export type NumberOption = (typeof NUMBER_OPTIONS)[number];

/** An option and its value. SO_LINGER takes 1 (on) or 0 (off), and seconds. */
export type OptionSetting =
	| readonly [option: NumberOption, value: number]
	| readonly ['SO_LINGER', onoff: 0 | 1, seconds: number];
export const READABLE_OPTIONS = [...NUMBER_OPTIONS, 'SO_LINGER', 'SO_ERROR'] as const;
export type ReadableOption = (typeof READABLE_OPTIONS)[number];

/**
 * Fields of `struct tcp_info` (include/uapi/linux/tcp.h) without their prefix `tcpi_`, in the kernel's units: times in
 * µs, but `last_…` in ms.
 */
export type TcpInfoField =
	| 'state'
	| 'ca_state'
	| 'retransmits'
	| 'probes'
	| 'backoff'
	| 'options'
	| 'rto'
	| 'ato'
	| 'snd_mss'
	| 'rcv_mss'
	| 'unacked'
	| 'sacked'
	| 'lost'
	| 'retrans'
	| 'fackets'
	| 'last_data_sent'
	| 'last_data_recv'
	| 'last_ack_recv'
	| 'pmtu'
	| 'rcv_ssthresh'
	| 'rtt'
	| 'rttvar'
	| 'snd_ssthresh'
	| 'snd_cwnd'
	| 'advmss'
	| 'reordering'
	| 'rcv_rtt'
	| 'rcv_space'
	| 'total_retrans'
	| 'pacing_rate'
	| 'max_pacing_rate'
	| 'bytes_acked'
	| 'bytes_received'
	| 'segs_out'
	| 'segs_in'
	| 'notsent_bytes'
	| 'min_rtt'
	| 'data_segs_in'
	| 'data_segs_out'
	| 'delivery_rate'
	| 'busy_time'
	| 'rwnd_limited'
	| 'sndbuf_limited'
	| 'delivered'
	| 'delivered_ce'
	| 'bytes_sent'
	| 'bytes_retrans'
	| 'dsack_dups'
	| 'reord_seen'
	| 'rcv_ooopack'
	| 'snd_wnd';

/** The families of sockets (socket(2)). */
export type AddressFamily = 'AF_INET' | 'AF_INET6';

type Word = string | number | Uint8Array;
type Values = readonly Buffer[];

function list(names: readonly string[]): string {
	return names.length === 0 ? '-' : names.join(',');
}

function text(values: Values, at: number): string {
	return values[at]?.toString() ?? '';
}

function none(): Record<never, never> {
	return {};
}

function address(values: Values): { address: string; port: number } {
	return { address: unmapped(text(values, 0)), port: Number(text(values, 1)) };
}

function accepted(values: Values): { address: string; port: number; own: Endpoint } {
	return { ...address(values), own: address(values.slice(2)) };
}

function option(values: Values): { value: number; seconds?: number } {
	const value = Number(text(values, 0));
	return values.length > 1 ? { value, seconds: Number(text(values, 1)) } : { value };
}

function tcpInfo(values: Values): { info: Readonly<Record<TcpInfoField, number>> } {
	const fields = values.map((value) => value.toString().split('='));
	return {
		info: Object.fromEntries(fields.map(([name, number]) => [name, Number(number)])) as Record<TcpInfoField, number>,
	};
}

function data(values: Values): { data: Buffer } {
	return { data: values[0] ?? Buffer.alloc(0) };
}

function revents(values: Values): { revents: readonly PollEvent[] } {
	const names = text(values, 0);
	return { revents: names === '-' ? [] : (names.split(',') as PollEvent[]) };
}

/** `words` encodes the arguments as words of the request. `values` decodes the words after result and errno. */
export const CALLS = {
	socket: { words: (family: AddressFamily = 'AF_INET'): Word[] => [family], values: none },
	bind: { words: (fd: number, ip: string, port: number): Word[] => [fd, ip, port], values: none },
	listen: { words: (fd: number, backlog: number): Word[] => [fd, backlog], values: none },
	connect: { words: (fd: number, ip: string, port: number): Word[] => [fd, ip, port], values: none },
	accept: { words: (fd: number): Word[] => [fd], values: accepted },
	getsockname: { words: (fd: number): Word[] => [fd], values: address },
	send: {
		words: (fd: number, bytes: string | Uint8Array, flags: readonly MessageFlag[] = []): Word[] => [
			fd,
			list(flags),
			bytes,
		],
		values: none,
	},
	recv: {
		words: (fd: number, size: number, flags: readonly MessageFlag[] = []): Word[] => [fd, size, list(flags)],
		values: data,
	},
	shutdown: { words: (fd: number, how: ShutdownHow): Word[] => [fd, how], values: none },
	close: { words: (fd: number): Word[] => [fd], values: none },
	/** A `timeoutMs` of -1 waits without limit. */
	poll: {
		words: (fd: number, events: readonly PollEvent[], timeoutMs: number): Word[] => [fd, list(events), timeoutMs],
		values: revents,
	},
	setsockopt: { words: (fd: number, ...setting: OptionSetting): Word[] => [fd, ...setting], values: none },
	getsockopt: { words: (fd: number, name: ReadableOption): Word[] => [fd, name], values: option },
	nonblock: { words: (fd: number, on: 0 | 1): Word[] => [fd, on], values: none },
	tcpinfo: { words: (fd: number): Word[] => [fd], values: tcpInfo },
} as const satisfies Record<string, { words: (...args: never) => Word[]; values: (values: Values) => object }>;

export type CallName = keyof typeof CALLS;
export type CallArguments<Name extends CallName> = Parameters<(typeof CALLS)[Name]['words']>;
type CallValues<Name extends CallName> = ReturnType<(typeof CALLS)[Name]['values']>;

interface CallTimes {
	/** When the call was entered, in seconds since the epoch. */
	readonly t: number;
	/** The duration of the call, in seconds. */
	readonly took: number;
	/** The addresses of the socket of the call, or of the socket that it returned, if known. */
	readonly local?: Endpoint;
	readonly remote?: Endpoint;
}

/** The result of a call: its values, or the errno. */
export type CallResult<Name extends CallName> =
	| (CallTimes & { readonly returned: number; readonly errno?: undefined } & Readonly<CallValues<Name>>)
	| (CallTimes & { readonly returned: number; readonly errno: Errno } & {
			readonly [Value in keyof CallValues<Name>]?: undefined;
	  });
