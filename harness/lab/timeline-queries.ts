import { STATES, type State } from '../tcp/states.ts';
import { type EventOf, HOST_NAMES, type HostName } from '../timeline/events.ts';
import { CALL_NAMES, type CallName, isCallOf } from '../timeline/history.ts';
import { enteredAt, pathOf } from '../timeline/states.ts';
import { checkedName } from '../util/options.ts';
import type { LabContext } from './context.ts';

/** A misspelt name would find nothing, which a spec may take for an answer. */
const assertHost = (host: HostName | undefined) =>
	host === undefined || checkedName(HOST_NAMES, host, 'timeline: a host');
const assertState = (state: State) => checkedName(STATES, state, 'timeline: a state');

/** The history as a spec reads it. */
export class Timeline {
	readonly context: LabContext;
	readonly #sysctls: () => Readonly<Record<string, string>>;

	/** `sysctls`: those that were recorded when the scenario began. */
	constructor(context: LabContext, sysctls: () => Readonly<Record<string, string>> = () => ({})) {
		this.context = context;
		this.#sysctls = sysctls;
	}

	/**
	 * A TCP sysctl of the hosts, or one that the scenario sets, as the scenario began, where it is one number; else
	 * undefined.
	 */
	sysctl(name: string): number | undefined {
		const value = this.#sysctls()[name];
		return value !== undefined && /^-?\d+$/.test(value) ? Number(value) : undefined;
	}

	/**
	 * Resolves when all observers of both hosts have told what happened before the call: what is read then misses
	 * nothing.
	 */
	async upToDate(): Promise<this> {
		await this.context.flush();
		return this;
	}

	/** System calls of all peers, or of one side, of one family. */
	calls(name?: CallName, host?: HostName): readonly EventOf<'call'>[] {
		assertHost(host);
		if (name !== undefined) checkedName(CALL_NAMES, name, 'timeline.calls: a call');
		return this.context.history.of('call', host).filter((call) => name === undefined || isCallOf(call, name));
	}

	/**
	 * Segments on the wire, in the order in which they were sent: all, of one side, or of one side to or from a port.
	 * `origin` marks those that a firewall made.
	 */
	segments(sender?: HostName, port?: number): readonly EventOf<'segment'>[] {
		assertHost(sender);
		return this.context.history.segments.filter(
			({ host, from, to, link }) =>
				link === undefined &&
				(sender === undefined || host === sender) &&
				(port === undefined || from.port === port || to.port === port),
		);
	}

	/**
	 * Segments that never left a host: what its programs said to each other, and what its firewall forged in the name of
	 * the other host (`origin`). A packet that a host sent to itself is one event, at that host.
	 */
	loopback(host: HostName): readonly EventOf<'segment'>[] {
		assertHost(host);
		return this.context.history.of('segment', host).filter(({ link }) => link === 'loopback');
	}

	/**
	 * ICMP messages, in the order in which they were sent: all, or of one side. What a host told itself is among them,
	 * marked by `link`.
	 */
	icmp(sender?: HostName): readonly EventOf<'icmp'>[] {
		assertHost(sender);
		return this.context.history.of('icmp', sender);
	}

	/** Segments and ICMP messages of both hosts, on the wire and not, in order. */
	get packets(): readonly (EventOf<'segment'> | EventOf<'icmp'>)[] {
		return this.context.history.packets;
	}

	/** What a host offered in its SYN or SYN-ACK, in tcpdump's words and order: `mss`, `sackOK`, `TS`, `wscale`. */
	offered(host: HostName): readonly string[] {
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
	 * Probes that a host sent to a port, keepalive's and the zero window's alike: no data, and the number before the
	 * next, so that the peer must acknowledge it (net/ipv4/tcp_output.c, `tcp_xmit_probe_skb`).
	 */
	probes(sender: HostName, port?: number): readonly EventOf<'segment'>[] {
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

	/** The sockets of a host as `ss` showed them, one row after the other, each time that it showed something new. */
	sockets(host: HostName): readonly (EventOf<'sockets'>['rows'][number] & { readonly t: number })[] {
		assertHost(host);
		return this.context.history.of('sockets', host).flatMap(({ t, rows }) => rows.map((row) => ({ ...row, t })));
	}

	/** Errnos that reached sockets of a host: told by the kernel, or read with SO_ERROR. */
	errors(host?: HostName): readonly EventOf<'error'>[] {
		assertHost(host);
		return this.context.history.of('error', host).filter(({ ghost }) => !ghost);
	}

	/** The states that the sockets of a host went through, in order. */
	states(host: HostName): readonly string[] {
		assertHost(host);
		return pathOf(this.context.history.of('state', host), host);
	}

	/** When a host last heard from the peer's port, in seconds: what a keepalive timer counts from. */
	lastReceived(host: HostName, peerPort: number): number {
		assertHost(host);
		const heard = this.segments().filter(
			({ host: sender, from, origin }) => sender !== host && from.port === peerPort && origin === undefined,
		);
		return heard.findLast(({ fate }) => fate === 'delivered')?.t ?? 0;
	}

	/** When a socket of a host last left a state, in seconds; undefined where none did. */
	whenLeft(host: HostName, state: State): number | undefined {
		assertHost(host);
		assertState(state);
		return this.context.history.of('state', host).findLast(({ from, ghost }) => from === state && !ghost)?.t;
	}

	/**
	 * How long a socket of a host was in a state, in seconds, from the trace or, where the kernel does not trace it, from
	 * `ss`; undefined where it never left it.
	 */
	timeIn(host: HostName, state: State): number | undefined {
		assertHost(host);
		assertState(state);
		const changes = this.context.history.of('state', host).filter(({ ghost }) => !ghost);
		const entered = changes.findLast(({ to }) => to === state);
		const left = entered && changes.find(({ t, from }) => t > entered.t && from === state);
		return left && left.t - enteredAt(entered, changes);
	}
}
