import { z } from 'zod';

/**
 * The schema of the events in `timeline.json`. Times (`t`, `arrived`) are seconds since the start of the scenario, with
 * microseconds.
 */

export const HOST_NAMES = ['client', 'server'] as const;
export const hostName = z.enum(HOST_NAMES);
export type HostName = z.infer<typeof hostName>;
export const otherHost = (host: HostName): HostName => (host === 'client' ? 'server' : 'client');
const endpoint = z.object({ address: z.string(), port: z.int().min(0).max(65535) });
const at = { t: z.number(), host: hostName };
/**
 * Counts the boots of a host: 1 for the first. What an earlier boot left behind goes on emitting events with the same
 * addresses.
 */
const boot = z.int().min(1);
/**
 * A socket as the side that holds it names it. `ghost` marks what the engine lets a stack do after its power went off:
 * a dead namespace closes its sockets and retransmits into nothing for minutes. No real machine does, so no matcher
 * counts it.
 */
const connection = { boot, ghost: z.boolean().optional(), local: endpoint, remote: endpoint };

/** What the scenario said it was doing. `host` is absent: a step belongs to the story, not to a side. */
const step = z.object({ kind: z.literal('step'), t: z.number(), text: z.string() });

/** Something broken on purpose, or mended. `id` ties the phases of one fault together. */
const fault = z.object({
	kind: z.literal('fault'),
	...at,
	id: z.string(),
	/** What was broken: packets by a rule, the wire, the host's power, its programs, or a sysctl changed. */
	what: z.enum(['packets', 'link', 'power', 'programs', 'sysctl']),
	phase: z.enum(['injected', 'proven', 'healed']),
	/** The fault in words, e.g. `server: drop in tcp --dport 8080`. */
	text: z.string(),
	/** What shows that it took effect (phase `proven`), or what it did in all (phase `healed`). */
	proof: z.string().optional(),
});

/** A program under observation: started, spoken to, signalled, gone. */
const process = z.object({
	kind: z.literal('process'),
	...at,
	peer: z.string(),
	what: z.enum(['started', 'typed', 'signalled', 'exited']),
	/** The command line, the text typed, the signal's name, or `status 1` / `SIGKILL`. */
	text: z.string(),
});

/** What a peer wrote to its standard output or error. */
const output = z.object({
	kind: z.literal('output'),
	...at,
	peer: z.string(),
	stream: z.enum(['out', 'err']),
	text: z.string(),
});

/** A TCP socket that a program holds. IPv4-mapped addresses of an IPv6 socket are written as plain IPv4. */
const tcpSocket = z.object({
	family: z.enum(['IPv4', 'IPv6']),
	local: endpoint.optional(),
	remote: endpoint.optional(),
});

/**
 * A system call that a peer made. While it blocks it has neither `returned` nor `errno` nor `took`; one that never
 * returned, because its process ended, has `took` only.
 */
const call = z.object({
	kind: z.literal('call'),
	...at,
	peer: z.string(),
	/** The process that made it; `tid` is its thread, where that is another than the first. */
	pid: z.int(),
	tid: z.int().optional(),
	name: z.string(),
	args: z.string(),
	fd: z.int().optional(),
	/** The TCP socket that it was made on, or that it made. */
	socket: tcpSocket.optional(),
	/** Of splice, whose name does not tell: whether it took data from its socket or put some in. */
	as: z.enum(['read', 'write']).optional(),
	/** Of poll and select: what it waits for. */
	waitsOn: z.array(z.object({ fd: z.int(), socket: tcpSocket.optional() })).optional(),
	/** Of poll, select and epoll: what they found ready, for which events in their own words. */
	ready: z.array(z.object({ fd: z.int(), socket: tcpSocket.optional(), events: z.string() })).optional(),
	returned: z.number().optional(),
	errno: z.string().optional(),
	/** What the tracer adds to the result, e.g. `[{fd=3, revents=POLLIN}]`, or why it never returned. */
	result: z.string().optional(),
	/** Seconds inside the call. */
	took: z.number().optional(),
	source: z.enum(['strace', 'socket']),
});

/**
 * What became of a packet: `delivered` to the other stack, `dropped` by the fault named in `by`, `unobserved` because
 * its receiver is gone, or `unknown` because the observer named in `by` had failed.
 */
const fate = z.enum(['delivered', 'dropped', 'unobserved', 'unknown']);
const by = z.string().optional();

const tcpOptions = z.object({
	mss: z.int().optional(),
	windowScale: z.int().optional(),
	sackPermitted: z.boolean().optional(),
	/** Relative to the initial number of the side whose data they acknowledge. */
	sack: z.array(z.object({ from: z.int(), to: z.int() })).optional(),
	timestamp: z.object({ value: z.int(), echo: z.int() }).optional(),
	/** Subtypes of the MPTCP options (RFC 8684, 3), e.g. `MP_CAPABLE`. */
	mptcp: z.string().optional(),
	/** The Fast Open cookie in hex; empty where one is asked for (RFC 7413). */
	fastOpen: z.string().optional(),
	/**
	 * `AccECN0` or `AccECN1`, which says the order of the counters, and these in hex, as far as they were sent (RFC 9768,
	 * 3.2.3).
	 */
	accurateEcn: z.string().optional(),
});

/** An ICMP message: `t` and `host` are its sender's. */
const icmp = z.object({
	kind: z.literal('icmp'),
	...at,
	boot,
	from: z.string(),
	to: z.string(),
	type: z.int(),
	code: z.int(),
	/**
	 * In the words of iptables(8) where it has some: `host-unreachable`, `port-unreachable`, `fragmentation-needed`; else
	 * `type 3 code 99`.
	 */
	name: z.string(),
	/** For `fragmentation-needed`: the MTU of the next hop. */
	mtu: z.int().optional(),
	/**
	 * The segment that it complains of; its number is relative, as on its event, or as on the wire where nobody saw it.
	 */
	quotes: z.object({ from: endpoint, to: endpoint, seq: z.int() }).optional(),
	link: z.literal('loopback').optional(),
	origin: z.enum(['firewall', 'injected']).optional(),
	fate,
	by,
	/** When the capture of the other host saw it. */
	arrived: z.number().optional(),
});

/** One TCP segment: `t` and `host` are its sender's (the moment its capture saw it leave). */
const segment = z.object({
	kind: z.literal('segment'),
	...at,
	boot,
	from: endpoint,
	to: endpoint,
	/** As tcpdump writes them: `S`, `S.`, `P.`, `F.`, `R`, `.`; `none` for no flag at all. */
	flags: z.string(),
	/** Relative to the initial numbers of the connection, as tcpdump prints them; SYN and SYN-ACK have seq 0. */
	seq: z.int(),
	ack: z.int(),
	length: z.int().min(0),
	/** Window field as on the wire, unscaled. */
	window: z.int().min(0),
	/** `loopback`: it never left its host. Absent: it was on the wire between the hosts. */
	link: z.literal('loopback').optional(),
	/**
	 * Who made it: the sender's firewall, in the name of the other side, or an injector. Absent: the stack of its host.
	 */
	origin: z.enum(['firewall', 'injected']).optional(),
	/** TCP options, as far as the capture held them. */
	options: tcpOptions.optional(),
	fate,
	by,
	/** When the capture of the other host saw it. */
	arrived: z.number().optional(),
	/** True where the same bytes were on the wire before. What the sender's own firewall dropped never was. */
	retransmission: z.boolean(),
	/** For the pcap: absolute numbers. */
	absolute: z.object({ seq: z.int(), ack: z.int() }),
});

/**
 * A socket changed its state: told by the kernel (`traced`), or by a difference between two looks at `ss` (`sampled`:
 * later than it happened).
 */
const state = z.object({
	kind: z.literal('state'),
	...at,
	...connection,
	from: z.string(),
	to: z.string(),
	how: z.enum(['traced', 'sampled']),
});

/**
 * One look at the sockets of a host: all the rows of `ss`, harness's own sentinel and the engine's resolver left out.
 */
const sockets = z.object({
	kind: z.literal('sockets'),
	...at,
	boot,
	rows: z.array(
		z.object({
			state: z.string(),
			receiveQueue: z.int(),
			sendQueue: z.int(),
			local: endpoint,
			remote: endpoint,
			timer: z
				.object({
					name: z.enum(['on', 'keepalive', 'timewait', 'persist', 'unknown']),
					leftMs: z.number(),
					count: z.int(),
				})
				.optional(),
			inode: z.int().optional(),
			details: z.string(),
		}),
	),
});

/**
 * An errno that reached a socket by another way than a call's result: read with SO_ERROR, or reported by the kernel
 * (inet_sk_error_report).
 */
const error = z.object({
	kind: z.literal('error'),
	...at,
	errno: z.string(),
	source: z.enum(['so_error', 'kernel']),
	peer: z.string().optional(),
	boot: boot.optional(),
	ghost: z.boolean().optional(),
	local: endpoint.optional(),
	remote: endpoint.optional(),
});

const retransmit = z.object({ kind: z.literal('retransmit'), ...at, ...connection, state: z.string() });
const reset = z.object({
	kind: z.literal('reset'),
	...at,
	...connection,
	direction: z.enum(['sent', 'received']),
	reason: z.string().optional(),
});

export const eventSchema = z.discriminatedUnion('kind', [
	step,
	fault,
	process,
	output,
	call,
	segment,
	icmp,
	state,
	sockets,
	error,
	retransmit,
	reset,
]);
export type Event = z.infer<typeof eventSchema>;
export type EventKind = Event['kind'];
export type EventOf<K extends EventKind> = Extract<Event, { kind: K }>;
