/**
 * What the tools on a host say, as values. Times are seconds since the epoch with microseconds, on the clock of that
 * host.
 */

/** A value while it is being made. */
export type Writable<T> = { -readonly [K in keyof T]: T[K] };

/** An IPv4 address (dotted) and a TCP port. */
export interface Endpoint {
	readonly address: string;
	readonly port: number;
}

/** `ss` timer: its name, what is left of it, and how often it has fired (unanswered probes or retransmissions). */
export interface SsTimer {
	readonly name: 'on' | 'keepalive' | 'timewait' | 'persist' | 'unknown';
	readonly leftMs: number;
	readonly count: number;
}

/** One row of `ss -tanoei`. */
export interface SsRow {
	/** As ss prints it: ESTAB, FIN-WAIT-2, TIME-WAIT, … */
	readonly state: string;
	readonly receiveQueue: number;
	readonly sendQueue: number;
	readonly local: Endpoint;
	/** Port 0 stands for `*`. */
	readonly remote: Endpoint;
	readonly timer?: SsTimer;
	/** 0 or absent for a socket that no process holds any more. */
	readonly inode?: number;
	/** Everything else ss said of the socket (`rto:204`, `cwnd:10`, …), word by word, unparsed. */
	readonly details: string;
}

/** One descriptor of a program that is a TCP socket, as `lsof` shows it. */
export interface LsofDescriptor {
	readonly pid: number;
	readonly command: string;
	readonly fd: number;
	readonly family: 'IPv4' | 'IPv6';
	/** In ss spelling. */
	readonly state: string;
	readonly local: Endpoint;
	/** Absent for a listener. */
	readonly remote?: Endpoint;
}

/**
 * A TCP socket as a call shows it. IPv4-mapped addresses of an IPv6 socket are written as the IPv4 addresses that they
 * stand for.
 */
export interface TcpSocket {
	readonly family: 'IPv4' | 'IPv6';
	/** Absent where it has no address yet, and where nobody could say. */
	readonly local?: Endpoint;
	readonly remote?: Endpoint;
}

/** One system call as strace tells it. */
export interface StraceCall {
	readonly kind: 'call';
	/** The process that made it. */
	readonly pid: number;
	/** Its thread, where that is another than the first, whose number is the process's. */
	readonly tid?: number;
	/** When it was entered. */
	readonly t: number;
	readonly name: string;
	/** The text between the parentheses, out-parameters included. While blocked: as far as strace printed it. */
	readonly args: string;
	/** Number of the socket, pipe or file that the first argument names, where it is one, e.g. 3 for `3<TCP:[…]>`. */
	readonly fd?: number;
	/**
	 * Absent while the call blocks, and where it never returned: its process ended, or another thread of it called
	 * execve.
	 */
	readonly returned?: number;
	/** Name of the errno where it returned -1. */
	readonly errno?: string;
	/**
	 * What strace adds to the result: the text in parentheses behind it (`[{fd=3, revents=POLLIN}]`, `Connection reset by
	 * peer`), what a returned descriptor is (`TCP:[…]`), `ERESTARTSYS (…)` where the call was interrupted and has no
	 * result the program could see, or `never returned` and why.
	 */
	readonly resultText?: string;
	/** Seconds inside the call; absent while it blocks. */
	readonly took?: number;
	/** True until the line that completes it was read. */
	readonly blocked: boolean;
}

/** A signal that strace saw delivered, or the end of a thread. */
export interface StraceSignal {
	readonly kind: 'signal';
	readonly pid: number;
	readonly tid?: number;
	readonly t: number;
	readonly signal: string;
}
export interface StraceExit {
	readonly kind: 'exit';
	readonly pid: number;
	readonly tid?: number;
	readonly t: number;
	/** Exit status, or the signal that killed it. */
	readonly status: number | string;
}
export type StraceRecord = StraceCall | StraceSignal | StraceExit;

/** TCP flags as tcpdump writes them, in its order: F S R P . U E W e, e.g. `S.`, `P.`, `F.`, `R`. */
export type FlagText = string;

/** One TCP segment as a capture saw it. */
export interface CapturedSegment {
	readonly kind: 'segment';
	readonly t: number;
	/**
	 * `out` if this host sent it, `in` if it arrived; absent where the link type does not say (NFLOG, Ethernet), and
	 * where the frame was addressed to another machine.
	 */
	readonly direction?: 'in' | 'out';
	/** True on the interface of the host with itself. */
	readonly loopback?: true;
	readonly from: Endpoint;
	readonly to: Endpoint;
	readonly flags: FlagText;
	/** Absolute sequence and acknowledgement numbers (unsigned 32 bit). */
	readonly seq: number;
	readonly ack: number;
	/** Unscaled window field. */
	readonly window: number;
	/** Payload bytes, from the IP total length (a snapshot may hold fewer). */
	readonly length: number;
	readonly ipId: number;
	readonly options: TcpOptions;
	/** NFLOG only: the prefix of the rule that logged it. */
	readonly prefix?: string;
}

export interface TcpOptions {
	readonly mss?: number;
	readonly windowScale?: number;
	readonly sackPermitted?: boolean;
	readonly timestamp?: { readonly value: number; readonly echo: number };
	readonly sack?: readonly { readonly from: number; readonly to: number }[];
	/** Subtypes of MPTCP options (RFC 8684), e.g. `MP_CAPABLE`. */
	readonly mptcp?: string;
	/** The Fast Open cookie in hex; empty where one is asked for (RFC 7413). */
	readonly fastOpen?: string;
	/**
	 * `AccECN0` or `AccECN1`, which says the order of the counters, and these in hex, as far as they were sent (RFC 9768,
	 * 3.2.3).
	 */
	readonly accurateEcn?: string;
}

/** One ICMP message as a capture saw it. */
export interface CapturedIcmp {
	readonly kind: 'icmp';
	readonly t: number;
	readonly direction?: 'in' | 'out';
	readonly loopback?: true;
	readonly from: string;
	readonly to: string;
	readonly ipId: number;
	readonly type: number;
	readonly code: number;
	/** In the words of iptables(8): `host-unreachable`. */
	readonly name: string;
	/** For `fragmentation-needed`. */
	readonly mtu?: number;
	/** The four bytes behind the checksum, whatever they mean for this type. */
	readonly rest: number;
	/** The TCP segment that it complains of; its number is absolute. */
	readonly quotes?: { readonly from: Endpoint; readonly to: Endpoint; readonly seq: number };
	readonly prefix?: string;
}

/** Anything else in a capture: counted and named, not decoded further. */
export interface CapturedOther {
	readonly kind: 'other';
	readonly t: number;
	readonly direction?: 'in' | 'out';
	/** True on the interface of the host with itself. */
	readonly loopback?: true;
	/** `arp`, `udp`, `ipv6`, … or `undecodable: <why>`. */
	readonly what: string;
	readonly from?: string;
	readonly to?: string;
	readonly prefix?: string;
}
export type CapturedPacket = CapturedSegment | CapturedIcmp | CapturedOther;

/** One line of the kernel's trace. TCP states are in ss spelling. */
export type TraceRecord =
	| {
			readonly kind: 'state';
			readonly t: number;
			readonly local: Endpoint;
			readonly remote: Endpoint;
			readonly from: string;
			readonly to: string;
	  }
	| {
			readonly kind: 'error';
			readonly t: number;
			readonly local: Endpoint;
			readonly remote: Endpoint;
			readonly errno: string;
	  }
	| {
			readonly kind: 'reset';
			readonly t: number;
			readonly direction: 'sent' | 'received';
			readonly local: Endpoint;
			readonly remote: Endpoint;
			readonly reason?: string;
	  }
	| {
			readonly kind: 'retransmit';
			readonly t: number;
			readonly local: Endpoint;
			readonly remote: Endpoint;
			readonly state: string /** Why it did not leave the host, where it did not (kernels since 6.17). */;
			readonly errno?: string;
	  }
	| {
			readonly kind: 'lost' /** Absent where the kernel does not know how many. */;
			readonly events?: number;
			readonly cpu: number;
	  };
