import { z } from 'zod';
import type { Agent, AgentProcess } from '../agent/agent.ts';
import { HalfopenError } from '../errors.ts';
import type { Boot } from '../lab/boot.ts';
import type { LabContext } from '../lab/context.ts';
import { waitFor } from '../lab/wait.ts';
import { CallProbe } from '../probes/calls.ts';
import { isCall } from '../timeline/call-families.ts';
import { describeEvent } from '../timeline/describe.ts';
import type { EventOf, HostName } from '../timeline/events.ts';
import type { History } from '../timeline/history.ts';
import { checked } from '../util/options.ts';
import { describePeerEnd, Peer, signalSchema } from './peer.ts';

/** Generous: starting a program takes well below a second on an idle machine. */
const START_LIMIT_MS = 30_000;

/** How many of the last calls the error shows if a program ended too early. */
const LAST_CALLS = 5;

/** The command line of a program, and how it is started. */
export interface ProgramOptions {
	/** The first part of its default name in the timeline: `nc` becomes `nc-1`. */
	readonly kind: string;
	/** The name that the spec has chosen. */
	readonly name?: string | undefined;
	readonly argv: readonly string[];
	/** When the start is complete: when the program listens, is connected, or just runs. */
	readonly until: 'listening' | 'connected' | 'started';
	/** Whether its standard streams are a terminal instead of pipes. Many programs buffer their output in a pipe. */
	readonly tty?: boolean;
}

/** A program under observation. Its system calls are traced; a spec can type into it and send it signals. */
export class Program extends Peer {
	readonly #process: AgentProcess;
	readonly #text: { both: string; err: string };

	/** Internal: hosts start programs. Starts the program under strace, and waits as long as `until` says. */
	static async start(boot: Boot, host: HostName, context: LabContext, options: ProgramOptions): Promise<Program> {
		const { history } = context;
		const name = context.names.take(options.kind, options.name);
		const calls = new CallProbe(history, host, name, (t) => boot.isAfterPowerOff(t), context.clock.now());
		const text = { both: '', err: '' };
		const lines = {
			out: recordOutput(history, { host, peer: name, stream: 'out' }),
			err: recordOutput(history, { host, peer: name, stream: 'err' }),
		};
		const onOutput = (stream: 'out' | 'err') => (bytes: Buffer, t: number) => {
			if (boot.isAfterPowerOff(t)) return;
			text.both += bytes;
			if (stream === 'err') text.err += bytes;
			lines[stream](history.at(t), bytes.toString());
		};
		const requestedAt = history.at(context.clock.now());
		await assertTool(boot.userland, options.argv[0] ?? '', context.programRemedy);
		const handlers = {
			out: onOutput('out'),
			err: onOutput('err'),
			log: (bytes: Buffer) => calls.push(bytes),
			logEnd: () => boot.programs === 'run' && boot.running && calls.ended(),
		};
		const endWait = context.waits.begin({ what: `${name} to start on the ${host}`, limitMs: undefined });
		const process = await boot.trace(options.argv, handlers, { tty: options.tty ?? false }).finally(endWait);
		history.add({ kind: 'process', t: requestedAt, host, peer: name, what: 'started', text: options.argv.join(' ') });
		process.exited.catch(() => calls.lost(history.at(context.clock.now())));
		const program = new Program(name, host, context, process, text);
		if (options.until !== 'started') await program.#ready(options.until);
		return program;
	}

	private constructor(
		name: string,
		host: HostName,
		context: LabContext,
		process: AgentProcess,
		text: { both: string; err: string },
	) {
		super(name, host, context, process);
		this.#process = process;
		this.#text = text;
	}

	override get output(): string {
		return this.#text.both;
	}

	override get errorOutput(): string {
		return this.#text.err;
	}

	/** Writes text to the program's standard input. */
	async type(text: string): Promise<void> {
		checked(z.string(), text, `${this.name}.type`);
		this.record('typed', text);
		await this.context.actions.during(() => this.#process.write(text));
	}

	/**
	 * Ends the program's standard input, like Ctrl-D. If the program has a terminal, its next read returns 0 and the
	 * terminal stays open.
	 */
	async endInput(): Promise<void> {
		this.record('typed', '^D');
		await this.context.actions.during(() => this.#process.end());
	}

	/** Sends SIGINT, like Ctrl-C. */
	interrupt(): Promise<void> {
		return this.signal('SIGINT');
	}

	override async signal(signal: NodeJS.Signals): Promise<void> {
		checked(signalSchema, signal, `${this.name}.signal`);
		this.record('signalled', signal);
		await this.context.actions.during(() => this.#process.signal(signal));
	}

	async #ready(state: 'listening' | 'connected'): Promise<void> {
		await waitFor(this.context, {
			what: `${this.name} on the ${this.host} to be ${state}`,
			limitMs: START_LIMIT_MS,
			check: () => {
				if (state === 'listening' ? hasBegunToListen(this.calls()) : this.calls().some(isConnected)) return true;
				if (this.end === undefined) return undefined;
				throw new HalfopenError('PEER_EXITED', {
					problem: `${this.name} on the ${this.host} ended before it was ${state}: ${describePeerEnd(this.end)}.`,
					seen: [this.output, ...this.calls().slice(-LAST_CALLS).map(describeEvent)].filter(Boolean).join('\n'),
					remedy: 'Read its output and its calls above. If it should fail, start it with { until: "started" }.',
				});
			},
		});
	}
}

/** Throws TOOL_MISSING if a program is missing. Without this check, only strace would report it, in its output. */
async function assertTool(userland: Agent, tool: string, remedy: string): Promise<void> {
	const { status } = await userland.run(['sh', '-c', 'command -v "$0"', tool]);
	if (status === 0) return;
	throw new HalfopenError('TOOL_MISSING', {
		problem: `The program “${tool}” does not exist on ${userland.name}.`,
		remedy: `Correct the name, or add the program to the host. ${remedy}`,
	});
}

/**
 * Output within this time after the beginning of a line belongs to the line, because some programs write it in pieces.
 */
const ONE_LINE_SECONDS = 0.5;

/** Returns a function that records output. A line that arrives in pieces is one event. */
function recordOutput(
	history: History,
	from: Pick<EventOf<'output'>, 'host' | 'peer' | 'stream'>,
): (t: number, text: string) => void {
	let last: EventOf<'output'> | undefined;
	return (t, text) => {
		const begun = last && !last.text.endsWith('\n') && t - last.t < ONE_LINE_SECONDS ? last : undefined;
		last = begun ? { ...begun, text: begun.text + text } : { kind: 'output', t, ...from, text };
		if (begun) history.replace(begun, last);
		else history.add(last);
	};
}

/**
 * Whether the program has called listen(2) and waits for connections. Then it has created all its sockets, if it has
 * one for IPv6 and one for IPv4.
 */
function hasBegunToListen(calls: readonly EventOf<'call'>[]): boolean {
	const listening = calls.findLastIndex(({ name, returned }) => name === 'listen' && returned === 0);
	return (
		listening >= 0 && calls.slice(listening + 1).some(({ name }) => isCall(name, 'accept') || isCall(name, 'poll'))
	);
}

/**
 * Whether a call shows that a connection is open. The result of a connect that does not block is SO_ERROR (connect(2)).
 */
function isConnected({ name, args, returned }: EventOf<'call'>): boolean {
	return returned === 0 && (name === 'connect' || (name === 'getsockopt' && args.includes('SO_ERROR, [0]')));
}
