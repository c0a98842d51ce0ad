import { isSameIcmp } from '../formats/icmpv6.ts';
import { STATES, type State } from '../tcp/states.ts';
import { CALL_FAMILIES, type CallFamily, isCallOf } from '../timeline/call-families.ts';
import { type EventOf, NODE_NAMES, type NodeName } from '../timeline/events.ts';
import { enteredAt, pathOf } from '../timeline/states.ts';
import { checkedName } from '../util/options.ts';
import type { LabContext } from './context.ts';

// A misspelt name would find nothing, and a spec might take that for a result.
const assertHost = (host: NodeName | undefined) =>
	host === undefined || checkedName(NODE_NAMES, host, 'timeline: a node');
const assertState = (state: State) => checkedName(STATES, state, 'timeline: a state');

/**
 * Queries of everything that was recorded in a lab. A query does not wait, and returns what the observers have reported
 * so far; `upToDate` makes that complete. Times are seconds since the start of the scenario.
 */
export class Timeline {
	/** Internal. */
	readonly context: LabContext;
	readonly #sysctls: () => Readonly<Record<string, string>>;

	/** Internal: the lab creates its timeline. `sysctls` returns the values at the start of the scenario. */
	constructor(context: LabContext, sysctls: () => Readonly<Record<string, string>> = () => ({})) {
		this.context = context;
		this.#sysctls = sysctls;
	}

	/**
	 * Returns the value that a sysctl had when the scenario began: any `tcp_…` sysctl, or one that the scenario's options
	 * set. Returns undefined if the host does not have it, or if its value is not a single integer.
	 */
	sysctl(name: string): number | undefined {
		const value = this.#sysctls()[name];
		return value !== undefined && /^-?\d+$/.test(value) ? Number(value) : undefined;
	}

	/**
	 * Resolves when all observers of both hosts have reported everything that happened before the call. Queries after
	 * that miss nothing.
	 */
	async upToDate(): Promise<this> {
		await this.context.flush();
		return this;
	}

	/**
	 * Returns the recorded system calls of peers: of all calls or of one family (`read` is also recv, readv, …), on both
	 * hosts or on one.
	 */
	calls(name?: CallFamily, host?: NodeName): readonly EventOf<'call'>[] {
		assertHost(host);
		if (name !== undefined) checkedName(CALL_FAMILIES, name, 'timeline.calls: a call');
		return this.context.history.of('call', host).filter((call) => name === undefined || isCallOf(call, name));
	}

	/**
	 * Returns the segments on the wire in the order in which they were sent: all, those of one sender, or those of one
	 * sender to or from a port. `origin` marks segments that a firewall created.
	 */
	segments(sender?: NodeName, port?: number): readonly EventOf<'segment'>[] {
		assertHost(sender);
		return this.context.history.segments.filter(
			({ host, from, to, link }) =>
				link === undefined &&
				(sender === undefined || host === sender) &&
				(port === undefined || from.port === port || to.port === port),
		);
	}

	/**
	 * Returns the segments that never left a host: those between its own programs, and those that its firewall forged
	 * with the other host's address (`origin`). Each packet is one event, at this host.
	 */
	loopback(host: NodeName): readonly EventOf<'segment'>[] {
		assertHost(host);
		return this.context.history.of('segment', host).filter(({ link }) => link === 'loopback');
	}

	/**
	 * Returns the ICMP messages in the order in which they were sent: all, or those of one sender and with one name. The
	 * name of an IPv4 message is also that of the ICMPv6 message of the same meaning, as in patterns. Messages that a host
	 * sent to itself are included; `link` marks them.
	 */
	icmp(sender?: NodeName, name?: string): readonly EventOf<'icmp'>[] {
		assertHost(sender);
		const sent = this.context.history.of('icmp', sender);
		return name === undefined ? sent : sent.filter((message) => isSameIcmp(message.name, name));
	}

	/** All segments and ICMP messages of both hosts in order, also those that never left a host. */
	get packets(): readonly (EventOf<'segment'> | EventOf<'icmp'>)[] {
		return this.context.history.packets;
	}

	/**
	 * Returns the TCP options of a host's SYN or SYN-ACK, with tcpdump's names and order: `mss`, `sackOK`, `TS`,
	 * `wscale`.
	 */
	offered(host: NodeName): readonly string[] {
		assertHost(host);
		const { mss, sackPermitted, timestamp, windowScale } = this.context.history.synOptions(host) ?? {};
		const offers = {
			mss: mss !== undefined,
			sackOK: sackPermitted === true,
			TS: timestamp !== undefined,
			wscale: windowScale !== undefined,
		};
		return Object.entries(offers).flatMap(([name, offered]) => (offered ? [name] : []));
	}

	/**
	 * Returns the keepalive and zero-window probes of a sender, to or from a port if one is given. A probe has no data,
	 * and its sequence number is one before the next, so that the peer must acknowledge it (net/ipv4/tcp_output.c,
	 * `tcp_xmit_probe_skb`).
	 */
	probes(sender: NodeName, port?: number): readonly EventOf<'segment'>[] {
		const next = new Map<string, number>();
		return this.segments(sender, port).filter(({ from, to, flags, seq, length, origin }) => {
			if (origin !== undefined) return false;
			const connection = `${from.port} ${to.port}`;
			const expected = next.get(connection);
			const end = seq + length + (/[SF]/.test(flags) ? 1 : 0);
			next.set(connection, Math.max(flags.includes('S') ? end : (expected ?? end), end));
			return flags === '.' && length === 0 && expected !== undefined && seq === expected - 1;
		});
	}

	/** Returns the rows of all recorded `ss` samples of a host, each with the time of its sample, in order. */
	sockets(host: NodeName): readonly (EventOf<'sockets'>['rows'][number] & { readonly t: number })[] {
		assertHost(host);
		return this.context.history.of('sockets', host).flatMap(({ t, rows }) => rows.map((row) => ({ ...row, t })));
	}

	/** Returns the errnos of a host's sockets: those that the kernel reported, and those that were read with SO_ERROR. */
	errors(host?: NodeName): readonly EventOf<'error'>[] {
		assertHost(host);
		return this.context.history.of('error', host).filter(({ ghost }) => !ghost);
	}

	/** Returns the TCP states that the sockets of a host went through, in order. */
	states(host: NodeName): readonly string[] {
		assertHost(host);
		return pathOf(this.context.history.of('state', host), host);
	}

	/**
	 * Returns the time of the last segment that a host received from the peer's port, or 0 if there is none. A keepalive
	 * timer counts from this time.
	 */
	lastReceived(host: NodeName, peerPort: number): number {
		assertHost(host);
		const sent = this.segments().filter(
			({ host: sender, from, origin }) => sender !== host && from.port === peerPort && origin === undefined,
		);
		return sent.findLast(({ fate }) => fate === 'delivered')?.t ?? 0;
	}

	/** Returns the time when a socket of a host last left a state, or undefined if none did. */
	whenLeft(host: NodeName, state: State): number | undefined {
		assertHost(host);
		assertState(state);
		return this.context.history.of('state', host).findLast(({ from, ghost }) => from === state && !ghost)?.t;
	}

	/**
	 * Returns how long a socket of a host was in a state, in seconds, or undefined if it has not left the state. Based on
	 * the kernel's trace, or on `ss` for states that the kernel does not trace.
	 */
	timeIn(host: NodeName, state: State): number | undefined {
		assertHost(host);
		assertState(state);
		const changes = this.context.history.of('state', host).filter(({ ghost }) => !ghost);
		const entered = changes.findLast(({ to }) => to === state);
		const left = entered && changes.find(({ t, from }) => t > entered.t && from === state);
		return left && left.t - enteredAt(entered, changes);
	}
}
