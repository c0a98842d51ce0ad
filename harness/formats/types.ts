/**
 * The parsed output of the tools on a host. Times are seconds since the epoch with microseconds, on the host's clock.
 */

/** `T` without `readonly`, for an object that is being built. */
export type Writable<T> = { -readonly [K in keyof T]: T[K] };

/** An address (IPv4 dotted, IPv6 as inet_ntop(3) writes it) and a TCP port. */
export interface Endpoint {
	readonly address: string;
	readonly port: number;
}

/** A timer in `ss`: its name, the time left, and how often it has expired (unanswered probes or retransmissions). */
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
	/** 0 or absent for a socket that no process holds. */
	readonly inode?: number;
	/** The other fields of the row (`rto:204`, `cwnd:10`, …), unparsed. */
	readonly details: string;
}

/** A TCP socket of a process, as `lsof` shows it. */
export interface LsofDescriptor {
	readonly pid: number;
	readonly command: string;
	readonly fd: number;
	readonly family: 'IPv4' | 'IPv6';
	/** In the spelling of `ss`. */
	readonly state: string;
	readonly local: Endpoint;
	/** Absent for a listener. */
	readonly remote?: Endpoint;
}

/** A TCP socket in a system call. IPv4-mapped addresses of an IPv6 socket are written as plain IPv4. */
export interface TcpSocket {
	readonly family: 'IPv4' | 'IPv6';
	/** Absent if the socket has no address yet, or the address is not known. */
	readonly local?: Endpoint;
	readonly remote?: Endpoint;
}

/** A system call in the output of strace. */
export interface StraceCall {
	readonly kind: 'call';
	/** The process that made the call. */
	readonly pid: number;
	/** The thread, if it is not the first one of the process, whose number is `pid`. */
	readonly tid?: number;
	/** When the call was entered. */
	readonly t: number;
	readonly name: string;
	/** The text between the parentheses, including output parameters. While the call blocks: what strace has printed. */
	readonly args: string;
	/** The descriptor in the first argument, e.g. 3 for `3<TCP:[…]>`. */
	readonly fd?: number;
	/**
	 * Absent while the call blocks. Also absent if it never returned: its process ended, or another thread of the process
	 * called execve.
	 */
	readonly returned?: number;
	/** The name of the errno if the call returned -1. */
	readonly errno?: string;
	/**
	 * What strace adds to the result: the text in parentheses after it (`[{fd=3, revents=POLLIN}]`, `Connection reset by
	 * peer`), the annotation of a returned descriptor (`TCP:[…]`), `ERESTARTSYS (…)` if the call was interrupted and has
	 * no result that the program could see, or `never returned` and the reason.
	 */
	readonly resultText?: string;
	/** Seconds inside the call; absent while it blocks. */
	readonly took?: number;
	/** True until the line that completes the call was read. */
	readonly blocked: boolean;
}

/** A signal that was delivered. */
export interface StraceSignal {
	readonly kind: 'signal';
	readonly pid: number;
	readonly tid?: number;
	readonly t: number;
	readonly signal: string;
}

/** The end of a thread. */
export interface StraceExit {
	readonly kind: 'exit';
	readonly pid: number;
	readonly tid?: number;
	readonly t: number;
	/** The exit status, or the signal that killed it. */
	readonly status: number | string;
}
export type StraceRecord = StraceCall | StraceSignal | StraceExit;

/** TCP flags in tcpdump's notation and order: F S R P . U E W e, e.g. `S.`, `P.`, `F.`, `R`. */
export type FlagText = string;

/** A TCP segment in a capture. */
export interface CapturedSegment {
	readonly kind: 'segment';
	readonly t: number;
	/**
	 * `out` if this host sent it, `in` if it arrived. Absent if the link type has no direction (NFLOG, Ethernet), or the
	 * frame was addressed to another machine.
	 */
	readonly direction?: 'in' | 'out';
	/** Whether the interface was the loopback. */
	readonly loopback?: true;
	readonly from: Endpoint;
	readonly to: Endpoint;
	readonly flags: FlagText;
	/** Absolute sequence and acknowledgement numbers (unsigned 32 bit). */
	readonly seq: number;
	readonly ack: number;
	/** The window field of the header, unscaled. */
	readonly window: number;
	/** The number of payload bytes, from the IP total length. The snapshot may contain fewer. */
	readonly length: number;
	/**
	 * The number by which IP tells packets apart: the identification of IPv4. IPv6 has none; its flow label changes when
	 * the retransmission timer expires (net/ipv4/tcp_timer.c, `sk_rethink_txhash`).
	 */
	readonly ipId: number;
	readonly options: TcpOptions;
	/** For NFLOG: the prefix of the rule that logged it. */
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
	/** The Fast Open cookie in hex; empty if one is requested (RFC 7413). */
	readonly fastOpen?: string;
	/** `AccECN0` or `AccECN1` (the order of the counters), and the counters that were sent, in hex (RFC 9768, 3.2.3). */
	readonly accurateEcn?: string;
}

/** An ICMP or ICMPv6 message in a capture. */
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
	/** The name in iptables(8) or, for ICMPv6, ip6tables(8), e.g. `host-unreachable` or `address-unreachable`. */
	readonly name: string;
	/** For `fragmentation-needed` and `packet-too-big`: the MTU of the next hop. */
	readonly mtu?: number;
	/** The four bytes after the checksum. Their meaning depends on the type. */
	readonly rest: number;
	/** The TCP segment that caused it; `seq` is absolute. */
	readonly quotes?: { readonly from: Endpoint; readonly to: Endpoint; readonly seq: number };
	readonly prefix?: string;
}

/** Any other packet in a capture. It is not decoded further. */
export interface CapturedOther {
	readonly kind: 'other';
	readonly t: number;
	readonly direction?: 'in' | 'out';
	/** Whether the interface was the loopback. */
	readonly loopback?: true;
	/** `arp`, `neighbour-solicitation`, `udp`, … or `undecodable: <why>`. */
	readonly what: string;
	readonly from?: string;
	readonly to?: string;
	readonly prefix?: string;
}
export type CapturedPacket = CapturedSegment | CapturedIcmp | CapturedOther;

/** A line of the kernel's trace. TCP states are in the spelling of `ss`. */
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
			readonly state: string;
			/** Why the segment did not leave the host, if it did not (kernels since 6.17). */
			readonly errno?: string;
	  }
	| {
			readonly kind: 'lost';
			/** Absent if the kernel does not know how many. */
			readonly events?: number;
			readonly cpu: number;
	  };
