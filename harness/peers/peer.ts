import type { ProcessEnd } from '../agent/agent.ts';
import type { LabContext } from '../context.ts';
import type { Errno } from '../tcp.ts';
import type { EventOf, HostName } from '../timeline/events.ts';
import { type CallName, isCall } from '../timeline/history.ts';

/** How a peer ended: by itself with a status, by a signal, or with its host. */
export type PeerEnd = { readonly status: number } | { readonly signal: string } | { readonly lost: true };

/** `status 1`, `SIGKILL`, or with its host. */
export function describePeerEnd(end: PeerEnd): string {
	if ('lost' in end) return 'lost with its host';
	return 'status' in end ? `status ${end.status}` : end.signal;
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

	constructor(name: string, host: HostName, context: LabContext, { pid, exited }: { readonly pid: number; readonly exited: Promise<ProcessEnd> }) {
		this.name = name;
		this.host = host;
		this.context = context;
		this.pid = pid;
		this.ended = exited.then(
			({ status, signal, t }) => this.#gone(signal === undefined ? { status: status ?? -1 } : { signal }, context.history.at(t)),
			() => this.#gone({ lost: true }, context.history.at(context.clock.now())),
		);
	}

	/** Sends it a signal. */
	abstract signal(signal: NodeJS.Signals): Promise<void>;

	/** What it has written to its standard output so far. */
	get output(): string {
		return '';
	}

	/** What it has written to its standard error so far. */
	get complaints(): string {
		return '';
	}

	/** How it ended, if it has. */
	get end(): PeerEnd | undefined {
		return this.#end;
	}

	/** Its calls so far, of one family or all. `read` and `write` are those on its connections, by whatever call; its standard streams are another story. */
	calls(name?: CallName): readonly EventOf<'call'>[] {
		return this.context.history.of('call', this.host).filter((call) => call.peer === this.name && (name === undefined || isOf(name, call)));
	}

	/** Whether a call of this family has returned this value. For verdicts; to wait for it, expect it. */
	returned(name: CallName, value: number): boolean {
		return this.calls(name).some(({ returned }) => returned === value);
	}

	/** Whether a call of this family has failed with this errno. */
	failed(name: CallName, errno: Errno): boolean {
		return this.calls(name).some((call) => call.errno === errno);
	}

	/** What it read from and wrote to its connection after a call had failed for the first time. */
	afterFailing(name: CallName, errno: Errno): readonly EventOf<'call'>[] {
		const failed = this.calls(name).find((call) => call.errno === errno);
		return failed ? this.calls().filter((call) => call.t > failed.t && (isOf('read', call) || isOf('write', call))) : [];
	}

	/** What its reads or writes on its connection came to, in order, in words: `22, then ECONNRESET`. For telling the observed answer. */
	results(name: 'read' | 'write'): string {
		const results = this.calls(name);
		return results.map(({ returned, errno }) => errno ?? (returned === undefined ? 'nothing yet' : String(returned))).join(', then ') || 'nothing';
	}

	/** Whether it is inside a call of this family. */
	blocksIn(name: CallName): boolean {
		const last = this.calls().at(-1);
		return last !== undefined && last.took === undefined && isCall(last.name, name);
	}

	/** For the history: what was done to it. */
	protected tell(what: 'typed' | 'signalled', text: string): void {
		const { history, clock } = this.context;
		history.add({ kind: 'process', t: history.at(clock.now()), host: this.host, peer: this.name, what, text });
	}

	#gone(end: PeerEnd, t: number): PeerEnd {
		this.#end = end;
		this.context.history.add({ kind: 'process', t, host: this.host, peer: this.name, what: 'exited', text: describePeerEnd(end) });
		return end;
	}
}

/** Which descriptor is a connection, strace tells; a controlled socket has nothing else. */
function isOf(name: CallName, call: EventOf<'call'>): boolean {
	if (!isCall(call.name, name)) return false;
	return (name !== 'read' && name !== 'write') || call.source === 'socket' || call.args.includes('<TCP:');
}
