import { constants } from 'node:os';
import { z } from 'zod';
import type { ProcessEnd } from '../agent/agent.ts';
import type { LabContext } from '../lab/context.ts';
import type { Errno } from '../tcp/errnos.ts';
import { CALL_FAMILIES, type CallFamily, isCallOf } from '../timeline/call-families.ts';
import type { EventOf, HostName } from '../timeline/events.ts';
import { checkedName } from '../util/options.ts';

/** How a peer ended: it exited with a status, was killed by a signal, or was lost with its host. */
export type PeerEnd = { readonly status: number } | { readonly signal: string } | { readonly lost: true };

/** The name of a signal: `SIGTERM`. */
export const signalSchema = z.enum(Object.keys(constants.signals));

/** Returns the end of a peer as text: `status 1`, `SIGKILL`, `lost with its host`. */
export function describePeerEnd(end: PeerEnd): string {
	if ('lost' in end) return 'lost with its host';
	return 'status' in end ? `status ${end.status}` : end.signal;
}

/** The process of a peer, as its agent knows it. */
interface PeerProcess {
	readonly pid: number;
	readonly exited: Promise<ProcessEnd>;
	/** Settles when all its streams have ended, its tracer's included: no process can write to them any more. */
	readonly drained: Promise<void>;
}

/**
 * A process under observation on a host: a program, or the process of a controlled socket. Its calls and its end are
 * recorded in the timeline.
 */
export abstract class Peer {
	/** Its name in the timeline: `nc-1`, or the name that the spec gave it. */
	readonly name: string;
	readonly host: HostName;
	/** Internal. */
	readonly context: LabContext;
	/** The process id on its host. */
	readonly pid: number;
	/** Resolves when the process has ended in any way. Never rejects. */
	readonly ended: Promise<PeerEnd>;
	#end: PeerEnd | undefined;
	#isOver = false;

	constructor(name: string, host: HostName, context: LabContext, process: PeerProcess) {
		const { pid, exited, drained } = process;
		this.name = name;
		this.host = host;
		this.context = context;
		this.pid = pid;
		this.ended = exited.then(
			({ status, signal, t }) =>
				this.#onEnd(signal === undefined ? { status: status ?? -1 } : { signal }, context.history.at(t)),
			() => this.#onEnd({ lost: true }, context.history.at(context.clock.now())),
		);
		void Promise.allSettled([this.ended, drained]).then(() => {
			this.#isOver = true;
			context.history.notify();
		});
	}

	/** Sends a signal to the process. */
	abstract signal(signal: NodeJS.Signals): Promise<void>;

	/** Everything that it has written to its standard output and standard error so far, in order of arrival. */
	get output(): string {
		return '';
	}

	/** The part of `output` that was written to standard error. */
	get errorOutput(): string {
		return '';
	}

	/** How the process ended; undefined while it runs. */
	get end(): PeerEnd | undefined {
		return this.#end;
	}

	/** Whether the process and its children have ended, and all their output and calls are recorded. */
	get isOver(): boolean {
		return this.#isOver;
	}

	/**
	 * Returns its recorded calls, of one family or all. `read` and `write` are all calls that read from or write to its
	 * connections (recv, sendto, …), but not those on its standard streams.
	 */
	calls(name?: CallFamily): readonly EventOf<'call'>[] {
		if (name !== undefined) checkedName(CALL_FAMILIES, name, `${this.name}: a call`);
		return this.context.history
			.of('call', this.host)
			.filter((call) => call.peer === this.name && (name === undefined || isOf(name, call)));
	}

	/**
	 * Whether a call of this family has returned this value so far. To wait for it, use `expect(peer).toHaveReturned`.
	 */
	returned(name: CallFamily, value: number): boolean {
		return this.calls(name).some(({ returned }) => returned === value);
	}

	/** Whether a call of this family has failed with this errno so far. To wait for it, use `expect(peer).toFail`. */
	failed(name: CallFamily, errno: Errno): boolean {
		return this.calls(name).some((call) => call.errno === errno);
	}

	/**
	 * Returns the reads and writes that the same process made on the same connection after a call of this family had
	 * failed with this errno for the first time.
	 */
	afterFailing(name: CallFamily, errno: Errno): readonly EventOf<'call'>[] {
		const failed = this.calls(name).find((call) => call.errno === errno);
		if (!failed) return [];
		return this.calls().filter(
			(call) =>
				call.t > failed.t &&
				call.pid === failed.pid &&
				mayBeSameSocket(call, failed) &&
				(isOf('read', call) || isOf('write', call)),
		);
	}

	/**
	 * Returns the results of its reads or writes on its connections in order, as text: `22, then ECONNRESET`. If several
	 * of its processes made such calls, the results are listed by process. Use it in the observed answer of a scenario.
	 */
	results(name: 'read' | 'write'): string {
		const calls = this.calls(name);
		const processes = [...new Set(calls.map(({ pid }) => pid))];
		const [only] = processes;
		if (only === undefined) return 'nothing';
		const of = (pid: number) =>
			calls
				.filter((call) => call.pid === pid)
				.map(describeResult)
				.join(', then ');
		return processes.length === 1 ? of(only) : processes.map((pid) => `process ${pid}: ${of(pid)}`).join('; ');
	}

	/**
	 * Whether a call of this family has not returned yet, in any thread of the process or of its children. To wait for
	 * it, use `expect(peer).toBlockIn`.
	 */
	blocksIn(name: CallFamily): boolean {
		return this.blockedIn(name) !== undefined;
	}

	/** Returns the latest call of this family that has not returned yet. */
	blockedIn(name: CallFamily): EventOf<'call'> | undefined {
		return this.calls(name).findLast(({ took }) => took === undefined);
	}

	/** Records an action of the spec on this peer. */
	protected record(what: 'typed' | 'signalled', text: string): void {
		const { history, clock } = this.context;
		history.add({ kind: 'process', t: history.at(clock.now()), host: this.host, peer: this.name, what, text });
	}

	#onEnd(end: PeerEnd, t: number): PeerEnd {
		this.#end = end;
		this.context.history.add({
			kind: 'process',
			t,
			host: this.host,
			peer: this.name,
			what: 'exited',
			text: describePeerEnd(end),
		});
		return end;
	}
}

function isOf(name: CallFamily, call: EventOf<'call'>): boolean {
	if (!isCallOf(call, name)) return false;
	// The process of a controlled socket has no standard streams.
	return (name !== 'read' && name !== 'write') || call.source === 'socket' || call.socket !== undefined;
}

/** Whether two calls were, or may have been, made on the same connection. */
function mayBeSameSocket({ socket: a, fd }: EventOf<'call'>, { socket: b, fd: other }: EventOf<'call'>): boolean {
	if (a === undefined || b === undefined) return true;
	if (a.remote === undefined || b.remote === undefined) return fd === other;
	return a.remote.address === b.remote.address && a.remote.port === b.remote.port && a.local?.port === b.local?.port;
}

function describeResult({ returned, errno, took }: EventOf<'call'>): string {
	if (errno !== undefined) return errno;
	if (returned !== undefined) return String(returned);
	return took === undefined ? 'nothing yet' : 'nothing';
}
