import type { AgentProcess } from '../agent/agent.ts';
import type { Boot } from '../boot.ts';
import type { LabContext } from '../context.ts';
import { HalfopenError } from '../errors.ts';
import { CallProbe, traced } from '../probes/calls.ts';
import type { Errno } from '../tcp.ts';
import type { EventOf, HostName } from '../timeline/events.ts';
import { type CallName, isCall } from '../timeline/history.ts';
import { story, until } from '../wait.ts';

/** Starting a program takes well below a second; this is what a loaded machine may make of it. */
const START_LIMIT_MS = 30_000;

/** How a program under observation is started. */
export interface Program {
	/** What it is called in the history; a number is added. */
	readonly kind: string;
	/** A name of the spec's choice instead. */
	readonly name?: string | undefined;
	readonly argv: readonly string[];
	/** What is waited for before the spec goes on: that it listens, that it is connected, or no more than that it runs. */
	readonly until: 'listening' | 'connected' | 'started';
}

/** How a peer ended: by itself with a status, by a signal, or with its host. */
export type PeerEnd = { readonly status: number } | { readonly signal: string } | { readonly lost: true };

/** A program under observation on a host. */
export class Peer {
	readonly name: string;
	readonly host: HostName;
	readonly context: LabContext;
	/** Settles when it has ended, however; never rejects. */
	readonly ended: Promise<PeerEnd>;
	readonly #process: AgentProcess;
	readonly #text: { out: string; err: string };
	#end: PeerEnd | undefined;

	/** Starts it under strace, and waits until it has come as far as the program says. */
	static async start(boot: Boot, host: HostName, context: LabContext, program: Program): Promise<Peer> {
		const { history } = context;
		const name = context.names.take(program.kind, program.name);
		const calls = new CallProbe(history, host, name);
		const text = { out: '', err: '' };
		const said = (stream: 'out' | 'err') => (bytes: Buffer, t: number) => {
			text[stream] += bytes;
			history.add({ kind: 'output', t: history.at(t), host, peer: name, stream, text: bytes.toString() });
		};
		const process = await boot.userland.spawn(traced(program.argv), { out: said('out'), err: said('err'), log: (bytes) => calls.push(bytes) });
		history.add({ kind: 'process', t: history.at(context.clock.now()), host, peer: name, what: 'started', text: program.argv.join(' ') });
		const peer = new Peer(name, host, context, process, text);
		if (program.until !== 'started') await peer.#ready(program.until);
		return peer;
	}

	private constructor(name: string, host: HostName, context: LabContext, process: AgentProcess, text: { out: string; err: string }) {
		this.name = name;
		this.host = host;
		this.context = context;
		this.#process = process;
		this.#text = text;
		this.ended = process.exited.then(
			({ status, signal, t }) => this.#gone(signal === undefined ? { status: status ?? -1 } : { signal }, t),
			() => this.#gone({ lost: true }),
		);
	}

	/** How it ended, if it has. */
	get end(): PeerEnd | undefined {
		return this.#end;
	}

	/** What it has written to its standard output so far. */
	get output(): string {
		return this.#text.out;
	}

	/** What it has written to its standard error so far. */
	get complaints(): string {
		return this.#text.err;
	}

	/** Its system calls so far, of one family (`read`: also readv, recv, …) or all. */
	calls(name?: CallName): readonly EventOf<'call'>[] {
		return this.context.history.of('call', this.host).filter((call) => call.peer === this.name && (name === undefined || isCall(call.name, name)));
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
		const onSocket = ({ args, name: made }: EventOf<'call'>) => args.includes('<TCP:') && (isCall(made, 'read') || isCall(made, 'write'));
		return failed ? this.calls().filter((call) => call.t > failed.t && onSocket(call)) : [];
	}

	/** What its reads or writes on its connection came to, in order, in words: `22`, `ECONNRESET`. For telling the observed answer. */
	results(name: 'read' | 'write'): string {
		const results = this.calls(name).filter(({ args }) => args.includes('<TCP:'));
		return results.map(({ returned, errno }) => errno ?? (returned === undefined ? 'nothing yet' : String(returned))).join(', then ') || 'nothing';
	}

	/** Whether it is inside a call of this family. */
	blocksIn(name: CallName): boolean {
		return this.calls(name).some(({ took, t }) => took === undefined && t >= (this.calls().at(-1)?.t ?? 0));
	}

	/** Types into its standard input. */
	async type(text: string): Promise<void> {
		this.#tell('typed', text);
		await this.#process.write(text);
	}

	/** Ends its standard input, as Ctrl-D does. */
	async endInput(): Promise<void> {
		this.#tell('typed', '^D');
		await this.#process.end();
	}

	/** Ctrl-C. */
	interrupt(): Promise<void> {
		return this.signal('SIGINT');
	}

	/** Sends it a signal. */
	async signal(signal: NodeJS.Signals): Promise<void> {
		this.#tell('signalled', signal);
		await this.#process.signal(signal);
	}

	#tell(what: 'typed' | 'signalled', text: string): void {
		const { history, clock } = this.context;
		history.add({ kind: 'process', t: history.at(clock.now()), host: this.host, peer: this.name, what, text });
	}

	#gone(end: PeerEnd, t?: number): PeerEnd {
		const { history, clock } = this.context;
		this.#end = end;
		history.add({ kind: 'process', t: history.at(t ?? clock.now()), host: this.host, peer: this.name, what: 'exited', text: describePeerEnd(end) });
		return end;
	}

	async #ready(state: 'listening' | 'connected'): Promise<void> {
		const { history } = this.context;
		await until(this.context, {
			what: `${this.name} on the ${this.host} to be ${state}`,
			limitMs: START_LIMIT_MS,
			check: () => {
				if (this.calls().some(state === 'listening' ? isListening : isConnected)) return true;
				if (this.#end === undefined) return undefined;
				throw new HalfopenError('PEER_EXITED', {
					problem: `${this.name} on the ${this.host} ended before it was ${state}: ${describePeerEnd(this.#end)}.`,
					seen: `${this.complaints}${this.output}\n${story(history, [])}`,
					remedy: 'Read what it said and did above; if it is meant to fail, start it with { until: "started" }.',
				});
			},
		});
	}
}

const isListening = ({ name, returned }: EventOf<'call'>) => name === 'listen' && returned === 0;

/** A connect that does not block tells its result later, by SO_ERROR (connect(2), EINPROGRESS). */
function isConnected({ name, args, returned }: EventOf<'call'>): boolean {
	return returned === 0 && ((name === 'connect' && args.includes('AF_INET')) || (name === 'getsockopt' && args.includes('SO_ERROR, [0]')));
}

/** `status 1`, `SIGKILL`, or with its host. */
export function describePeerEnd(end: PeerEnd): string {
	if ('lost' in end) return 'lost with its host';
	return 'status' in end ? `status ${end.status}` : end.signal;
}
