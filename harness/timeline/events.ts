import { z } from 'zod';

/**
 * The schema of the events in `timeline.json`. Times (`t`, `arrived`) are seconds since the start of the scenario, with
 * microseconds.
 */

/** The two ends. */
export const HOST_NAMES = ['client', 'server'] as const;
export type HostName = (typeof HOST_NAMES)[number];
export const otherHost = (host: HostName): HostName => (host === 'client' ? 'server' : 'client');
/**
 * The machines with an IP stack: the hosts and, if the wire is a router, the router between them (RFC 8200, section 2:
 * node). The order is that of the ladder, from left to right.
 */
export const NODE_NAMES = ['client', 'router', 'server'] as const;
export const nodeName = z.enum(NODE_NAMES);
export type NodeName = z.infer<typeof nodeName>;
/** Returns an object with a value for each node. */
export const forEachNode = <T>(make: (node: NodeName) => T): Record<NodeName, T> => ({
	client: make('client'),
	router: make('router'),
	server: make('server'),
});
/** The machines of a lab: the nodes, and the wire if it is a bridge. */
export const MACHINE_NAMES = [...NODE_NAMES, 'wire'] as const;
export const machineName = z.enum(MACHINE_NAMES);
export type MachineName = z.infer<typeof machineName>;
const endpoint = z.object({ address: z.string(), port: z.int().min(0).max(65535) });
const at = { t: z.number(), host: nodeName };
/**
 * The number of a host's boot; the first is 1. Sockets of an earlier boot may continue to emit events with the same
 * addresses.
 */
const boot = z.int().min(1);
/**
 * A connection, from the view of the host that holds the socket. `ghost` marks what a stack still does after its host
 * was powered off: the namespace of a dead host closes its sockets and retransmits into nothing for minutes. No real
 * machine does that, so no matcher counts it.
 */
const connection = { boot, ghost: z.boolean().optional(), local: endpoint, remote: endpoint };

/** A step that the scenario announced. It has no `host`. */
const step = z.object({ kind: z.literal('step'), t: z.number(), text: z.string() });

/** A phase of a fault. The phases of one fault share an `id`. */
const fault = z.object({
	kind: z.literal('fault'),
	t: z.number(),
	/** The machine that it is at. */
	host: machineName,
	id: z.string(),
	/**
	 * What was broken: packets (by a rule), the wire, the host's power, its programs, a sysctl, what a router knows of
	 * connections; or how a router translates addresses.
	 */
	what: z.enum(['packets', 'link', 'power', 'programs', 'sysctl', 'conntrack', 'nat']),
	phase: z.enum(['injected', 'proven', 'healed']),
	/** A description, e.g. `server: drop in tcp --dport 8080`. */
	text: z.string(),
	/** The proof that it took effect (phase `proven`), or everything that it did (phase `healed`). */
	proof: z.string().optional(),
});

/** A peer was started, received text on its standard input or a signal, or exited. */
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

/** A TCP socket of a program. IPv4-mapped addresses of an IPv6 socket are written as plain IPv4. */
const tcpSocket = z.object({
	family: z.enum(['IPv4', 'IPv6']),
	local: endpoint.optional(),
	remote: endpoint.optional(),
});

/**
 * A system call of a peer. While it blocks, it has none of `returned`, `errno` and `took`. A call that never returned,
 * because its process ended, has only `took`.
 */
const call = z.object({
	kind: z.literal('call'),
	...at,
	peer: z.string(),
	/** The process that made the call. `tid` is the thread, if it is not the first one of the process. */
	pid: z.int(),
	tid: z.int().optional(),
	name: z.string(),
	args: z.string(),
	fd: z.int().optional(),
	/** The TCP socket that the call used or created. */
	socket: tcpSocket.optional(),
	/** For splice, whose name does not show the direction: whether it read from the socket or wrote to it. */
	as: z.enum(['read', 'write']).optional(),
	/** For poll and select: the descriptors that it waits for. */
	waitsOn: z.array(z.object({ fd: z.int(), socket: tcpSocket.optional() })).optional(),
	/** For poll, select and epoll: the ready descriptors. `events` uses the names of the call. */
	ready: z.array(z.object({ fd: z.int(), socket: tcpSocket.optional(), events: z.string() })).optional(),
	returned: z.number().optional(),
	errno: z.string().optional(),
	/** What strace adds to the result, e.g. `[{fd=3, revents=POLLIN}]`, or why the call never returned. */
	result: z.string().optional(),
	/** Seconds inside the call. */
	took: z.number().optional(),
	source: z.enum(['strace', 'socket']),
});

/**
 * The fate of a packet: `delivered` to the other stack, `dropped` by the fault named in `by`, `unobserved` because
 * there was no receiver, or `unknown` because the observer named in `by` had failed.
 */
const fate = z.enum(['delivered', 'dropped', 'unobserved', 'unknown']);
const by = z.string().optional();
/** The node to which a packet was sent. Absent: the other host. */
const receiver = nodeName.optional();
/** What the router’s capture saw of a packet between the hosts. Absent if the wire is a bridge. */
const router = z
	.object({
		/** When it came in, and when it went out. */
		entered: z.number().optional(),
		forwarded: z.number().optional(),
		/** The endpoints with which it went out, if they were translated (NAT). */
		translated: z.object({ from: endpoint, to: endpoint }).optional(),
	})
	.optional();

/** What a fault of the wire did to a packet on its way, apart from losing it. */
const change = z.object({
	/** The fault. */
	by: z.string(),
	/**
	 * `held` until it was released; `reordered`: kept until others had overtaken it; `corrupted`: one bit was flipped, so that the
	 * receiver’s TCP discards it; `duplicated`: the wire sent a copy of it.
	 */
	what: z.enum(['held', 'reordered', 'corrupted', 'duplicated']),
	t: z.number(),
	/** When a packet that was held or reordered went on. Absent while it has not. */
	until: z.number().optional(),
	/** How many packets have overtaken one that was reordered. */
	overtakenBy: z.int().optional(),
	/** When the capture of the receiver saw the copy. */
	arrived: z.number().optional(),
});
const changes = z.array(change).optional();

const tcpOptions = z.object({
	mss: z.int().optional(),
	windowScale: z.int().optional(),
	sackPermitted: z.boolean().optional(),
	/** Relative to the initial sequence number of the side whose data the blocks acknowledge. */
	sack: z.array(z.object({ from: z.int(), to: z.int() })).optional(),
	timestamp: z.object({ value: z.int(), echo: z.int() }).optional(),
	/** Subtypes of the MPTCP options (RFC 8684, 3), e.g. `MP_CAPABLE`. */
	mptcp: z.string().optional(),
	/** The Fast Open cookie in hex; empty if one is requested (RFC 7413). */
	fastOpen: z.string().optional(),
	/** `AccECN0` or `AccECN1` (the order of the counters), and the counters that were sent, in hex (RFC 9768, 3.2.3). */
	accurateEcn: z.string().optional(),
});

/** An ICMP message. `t` and `host` are those of the sender. */
const icmp = z.object({
	kind: z.literal('icmp'),
	...at,
	boot,
	from: z.string(),
	to: z.string(),
	type: z.int(),
	code: z.int(),
	/**
	 * The name that iptables(8) uses (`host-unreachable`, `port-unreachable`, `fragmentation-needed`), or the numbers if
	 * there is none (`type 3 code 99`).
	 */
	name: z.string(),
	/** For `fragmentation-needed`: the MTU of the next hop. */
	mtu: z.int().optional(),
	/**
	 * The segment that caused it. `seq` is relative, as in the segment's event, or absolute if no capture saw the
	 * segment.
	 */
	quotes: z.object({ from: endpoint, to: endpoint, seq: z.int() }).optional(),
	link: z.literal('loopback').optional(),
	origin: z.enum(['firewall', 'injected']).optional(),
	receiver,
	router,
	changes,
	fate,
	by,
	/** When the capture of the receiver saw it. */
	arrived: z.number().optional(),
});

/** A TCP segment. `t` and `host` are those of the sender: `t` is when the sender's capture saw it leave. */
const segment = z.object({
	kind: z.literal('segment'),
	...at,
	boot,
	from: endpoint,
	to: endpoint,
	/** As tcpdump writes them: `S`, `S.`, `P.`, `F.`, `R`, `.`; `none` if no flag is set. */
	flags: z.string(),
	/** `seq` and `ack` are relative to the connection's initial numbers, as in tcpdump. SYN and SYN-ACK have seq 0. */
	seq: z.int(),
	ack: z.int(),
	length: z.int().min(0),
	/** The window field of the header, unscaled. */
	window: z.int().min(0),
	/** `loopback`: the segment never left its host. Absent: it was on the wire between the hosts. */
	link: z.literal('loopback').optional(),
	/** What made the segment: the firewall of `host`, or an injector. Absent: the TCP stack of `host`. */
	origin: z.enum(['firewall', 'injected']).optional(),
	/** TCP options, as far as the capture contains them. */
	options: tcpOptions.optional(),
	receiver,
	router,
	changes,
	fate,
	by,
	/** When the capture of the receiver saw it. */
	arrived: z.number().optional(),
	/**
	 * True if the same bytes were on the wire before. Segments that the sender's own firewall dropped were never there.
	 */
	retransmission: z.boolean(),
	/** The numbers on the wire, to find the segment in the pcap. */
	absolute: z.object({ seq: z.int(), ack: z.int() }),
});

/**
 * A socket changed its state. `traced`: the kernel reported the change when it happened. `sampled`: two samples of `ss`
 * differ, so the change happened before `t`.
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
 * A sample of all sockets of a host: the rows of `ss`, without those on loopback (sentinels).
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
 * An errno that reached a socket other than through a call's result: it was read with SO_ERROR, or reported by the
 * kernel (inet_sk_error_report).
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

const ends = z.object({ from: endpoint, to: endpoint });
/** What a router's connection tracking knows of a connection (conntrack(8)). */
const trackedConnection = z.object({
	/** Unique among the connections that it knows at the same time. */
	id: z.string(),
	/** The name of the kernel's conntrack for the state; absent if it did not say. */
	state: z.string().optional(),
	/** Until it forgets the connection if no packet comes, in seconds; absent if it did not say. */
	secondsLeft: z.number().optional(),
	/** The packets of the side that opened the connection, as that side sends them. */
	original: ends,
	/** The packets of the other side, as that side sends them. With NAT this is not the reverse of `original`. */
	reply: ends,
	/** Whether the other side has answered. */
	replied: z.boolean(),
	/** Whether it is kept when the table is full. */
	assured: z.boolean(),
});

/** A router's connection tracking has learnt of a connection, has changed its state, or has forgotten it. */
const conntrack = z.object({
	kind: z.literal('conntrack'),
	...at,
	what: z.enum(['new', 'update', 'destroyed']),
	...trackedConnection.shape,
	/** The program that asked for it. Absent: a packet, or a timeout. */
	by: z.string().optional(),
});

/** A sample of a router's connection tracking table, which an expectation was judged by. */
const connections = z.object({ kind: z.literal('connections'), ...at, rows: z.array(trackedConnection) });

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
	conntrack,
	connections,
]);
export type Event = z.infer<typeof eventSchema>;
export type EventKind = Event['kind'];
export type EventOf<K extends EventKind> = Extract<Event, { kind: K }>;
export type SegmentEvent = EventOf<'segment'>;
export type IcmpEvent = EventOf<'icmp'>;
export type PacketEvent = SegmentEvent | IcmpEvent;
export type PacketChange = z.infer<typeof change>;
/** Returns the node to which a packet on the wire was sent. */
export const receiverOf = ({ host, receiver }: Pick<PacketEvent, 'host' | 'receiver'>): NodeName =>
	receiver ?? (host === 'client' ? 'server' : 'client');
/** Returns the host from whose side a packet on the wire comes: `client` for one that travels towards the server. */
export const sideOf = (packet: Pick<PacketEvent, 'host' | 'receiver'>): HostName =>
	packet.host === 'router' ? (receiverOf(packet) === 'server' ? 'client' : 'server') : packet.host;
export type StateEvent = EventOf<'state'>;
/** A row of a router's connection tracking table. */
export type ConnectionRow = EventOf<'connections'>['rows'][number];
/** A row of `ss`. */
export type SocketRow = EventOf<'sockets'>['rows'][number];
