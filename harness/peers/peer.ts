import { constants } from 'node:os';
import { z } from 'zod';
import type { ProcessEnd } from '../agent/agent.ts';
import type { LabContext } from '../lab/context.ts';
import type { Errno } from '../tcp/errnos.ts';
import type { EventOf, HostName } from '../timeline/events.ts';
import { CALL_NAMES, type CallName, isCallOf } from '../timeline/history.ts';
import { checkedName } from '../util/options.ts';

/** How a peer ended: by itself with a status, by a signal, or with its host. */
export type PeerEnd = { readonly status: number } | { readonly signal: string } | { readonly lost: true };

/** Signals by their names here. */
export const signalSchema = z.enum(Object.keys(constants.signals));

/** `status 1`, `SIGKILL`, or with its host. */
export function describePeerEnd(end: PeerEnd): string {
	if ('lost' in end) return 'lost with its host';
	return 'status' in end ? `status ${end.status}` : end.signal;
}

/** What a peer is to the agent that started it. */
interface PeerProcess {
	readonly pid: number;
	readonly exited: Promise<ProcessEnd>;
	/** Settles when nobody can write to its streams any more, that of its tracer included. */
	readonly drained: Promise<void>;
}

/** A process under observation on a host: what it calls is in the history, and so is its end. */
export abstract class Peer {
	readonly name: string;
	readonly host: HostName;
	readonly context: LabContext;
	/** On its host. */
	readonly pid: number;
	/** Settles when it has ended, however; never rejects. */
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
				this.#gone(signal === undefined ? { status: status ?? -1 } : { signal }, context.history.at(t)),
			() => this.#gone({ lost: true }, context.history.at(context.clock.now())),
		);
		void Promise.allSettled([this.ended, drained]).then(() => {
			this.#isOver = true;
			context.history.notify();
		});
	}

	/** Sends it a signal. */
	abstract signal(signal: NodeJS.Signals): Promise<void>;

	/** What it has written so far to its standard output and to its standard error, in the order in which it came. */
	get output(): string {
		return '';
	}

	/** What of it went to its standard error. */
	get errorOutput(): string {
		return '';
	}

	/** How it ended, if it has. */
	get end(): PeerEnd | undefined {
		return this.#end;
	}

	/**
	 * Whether it has ended, its children have, and all that they printed and called has been told: nothing more can come
	 * of it.
	 */
	get isOver(): boolean {
		return this.#isOver;
	}

	/**
	 * Its calls so far, of one family or all. `read` and `write` are those on its connections, by whatever call; its
	 * standard streams are another story.
	 */
	calls(name?: CallName): readonly EventOf<'call'>[] {
		if (name !== undefined) checkedName(CALL_NAMES, name, `${this.name}: a call`);
		return this.context.history
			.of('call', this.host)
			.filter((call) => call.peer === this.name && (name === undefined || isOf(name, call)));
	}

	/** Whether a call of this family has returned this value. For verdicts; to wait for it, expect it. */
	returned(name: CallName, value: number): boolean {
		return this.calls(name).some(({ returned }) => returned === value);
	}

	/** Whether a call of this family has failed with this errno. */
	failed(name: CallName, errno: Errno): boolean {
		return this.calls(name).some((call) => call.errno === errno);
	}

	/**
	 * What it read from and wrote to its connection after a call had failed for the first time: what the same process
	 * did, where it has several.
	 */
	afterFailing(name: CallName, errno: Errno): readonly EventOf<'call'>[] {
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
	 * What its reads or writes on its connection came to, in order, in words: `22, then ECONNRESET`. Where several of its
	 * processes made any, those of each by itself. For telling the observed answer.
	 */
	results(name: 'read' | 'write'): string {
		const calls = this.calls(name);
		const processes = [...new Set(calls.map(({ pid }) => pid))];
		const [only] = processes;
		if (only === undefined) return 'nothing';
		const of = (pid: number) =>
			calls
				.filter((call) => call.pid === pid)
				.map(resultInWords)
				.join(', then ');
		return processes.length === 1 ? of(only) : processes.map((pid) => `process ${pid}: ${of(pid)}`).join('; ');
	}

	/** Whether one of its threads, or of those of its children, is inside a call of this family. */
	blocksIn(name: CallName): boolean {
		return this.blockedIn(name) !== undefined;
	}

	/** The call of this family that one of its threads is inside; the latest, where there are several. */
	blockedIn(name: CallName): EventOf<'call'> | undefined {
		return this.calls(name).findLast(({ took }) => took === undefined);
	}

	/** For the history: what was done to it. */
	protected record(what: 'typed' | 'signalled', text: string): void {
		const { history, clock } = this.context;
		history.add({ kind: 'process', t: history.at(clock.now()), host: this.host, peer: this.name, what, text });
	}

	#gone(end: PeerEnd, t: number): PeerEnd {
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

function isOf(name: CallName, call: EventOf<'call'>): boolean {
	if (!isCallOf(call, name)) return false;
	// A controlled socket has nothing else to read from and write to.
	return (name !== 'read' && name !== 'write') || call.source === 'socket' || call.socket !== undefined;
}

/** False where two calls were made on different connections. */
function mayBeSameSocket({ socket: a, fd }: EventOf<'call'>, { socket: b, fd: other }: EventOf<'call'>): boolean {
	if (a === undefined || b === undefined) return true;
	if (a.remote === undefined || b.remote === undefined) return fd === other;
	return a.remote.address === b.remote.address && a.remote.port === b.remote.port && a.local?.port === b.local?.port;
}

function resultInWords({ returned, errno, took }: EventOf<'call'>): string {
	if (errno !== undefined) return errno;
	if (returned !== undefined) return String(returned);
	return took === undefined ? 'nothing yet' : 'nothing';
}
