import { z } from 'zod';
import type { Agent, AgentProcess } from '../agent/agent.ts';
import { HalfopenError } from '../errors.ts';
import type { Boot } from '../lab/boot.ts';
import type { LabContext } from '../lab/context.ts';
import { waitFor } from '../lab/wait.ts';
import { CallProbe } from '../probes/calls.ts';
import { describeEvent } from '../timeline/describe.ts';
import type { EventOf, HostName } from '../timeline/events.ts';
import { type History, isCall } from '../timeline/history.ts';
import { checked } from '../util/options.ts';
import { describePeerEnd, Peer, signalSchema } from './peer.ts';

/** Starting a program takes well below a second; this is what a loaded machine may make of it. */
const START_LIMIT_MS = 30_000;

/** Of a program that ended too early, what it did last tells why. */
const LAST_CALLS = 5;

/** How a program under observation is started. */
export interface ProgramOptions {
	/** What it is called in the history; a number is added. */
	readonly kind: string;
	/** A name of the spec's choice instead. */
	readonly name?: string | undefined;
	readonly argv: readonly string[];
	/**
	 * What is waited for before the spec goes on: that it listens, that it is connected, or no more than that it runs.
	 */
	readonly until: 'listening' | 'connected' | 'started';
	/** Whether its standard streams are a terminal, instead of pipes: then it keeps no output back. */
	readonly tty?: boolean;
}

/** A program under observation: its system calls are traced, and it can be typed to and signalled. */
export class Program extends Peer {
	readonly #process: AgentProcess;
	readonly #text: { both: string; err: string };

	/** Starts it under strace, and waits until it has come as far as the options say. */
	static async start(boot: Boot, host: HostName, context: LabContext, options: ProgramOptions): Promise<Program> {
		const { history } = context;
		const name = context.names.take(options.kind, options.name);
		const calls = new CallProbe(history, host, name, (t) => boot.isAfterPowerOff(t), context.clock.now());
		const text = { both: '', err: '' };
		const lines = {
			out: recordOutput(history, { host, peer: name, stream: 'out' }),
			err: recordOutput(history, { host, peer: name, stream: 'err' }),
		};
		const said = (stream: 'out' | 'err') => (bytes: Buffer, t: number) => {
			if (boot.isAfterPowerOff(t)) return;
			text.both += bytes;
			if (stream === 'err') text.err += bytes;
			lines[stream](history.at(t), bytes.toString());
		};
		const asked = history.at(context.clock.now());
		await assertTool(boot.userland, options.argv[0] ?? '', context.programRemedy);
		const handlers = {
			out: said('out'),
			err: said('err'),
			log: (bytes: Buffer) => calls.push(bytes),
			logEnd: () => boot.programs === 'run' && boot.running && calls.ended(),
		};
		const started = context.waits.begin({ what: `${name} to start on the ${host}`, limitMs: undefined });
		const process = await boot.trace(options.argv, handlers, { tty: options.tty ?? false }).finally(started);
		history.add({ kind: 'process', t: asked, host, peer: name, what: 'started', text: options.argv.join(' ') });
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

	/** Types into its standard input. */
	async type(text: string): Promise<void> {
		checked(z.string(), text, `${this.name}.type`);
		this.record('typed', text);
		await this.context.actions.during(() => this.#process.write(text));
	}

	/**
	 * Ends its standard input, as Ctrl-D does; of a program with a terminal the next read returns 0, and the terminal
	 * stays.
	 */
	async endInput(): Promise<void> {
		this.record('typed', '^D');
		await this.context.actions.during(() => this.#process.end());
	}

	/** Ctrl-C. */
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
					remedy: 'Read its output and its calls above. If it is meant to fail, start it with { until: "started" }.',
				});
			},
		});
	}
}

/** The tracer starts where the program cannot, and would say so only in its own words. */
async function assertTool(userland: Agent, tool: string, remedy: string): Promise<void> {
	const { status } = await userland.run(['sh', '-c', 'command -v "$0"', tool]);
	if (status === 0) return;
	throw new HalfopenError('TOOL_MISSING', {
		problem: `The program “${tool}” does not exist on ${userland.name}.`,
		remedy: `Correct the name, or add the program to the host. ${remedy}`,
	});
}

/** Some programs write letter by letter: what comes so soon after the beginning of a line belongs to it. */
const ONE_LINE_SECONDS = 0.5;

/** Tells the history what a program prints, a line that comes in pieces as one. */
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

/** It listens, and waits: a program with several sockets (one for IPv6, one for IPv4) has made them all then. */
function hasBegunToListen(calls: readonly EventOf<'call'>[]): boolean {
	const listening = calls.findLastIndex(({ name, returned }) => name === 'listen' && returned === 0);
	return (
		listening >= 0 && calls.slice(listening + 1).some(({ name }) => isCall(name, 'accept') || isCall(name, 'poll'))
	);
}

/** A connect that does not block tells its result later, by SO_ERROR (connect(2), EINPROGRESS). */
function isConnected({ name, args, returned }: EventOf<'call'>): boolean {
	return returned === 0 && (name === 'connect' || (name === 'getsockopt' && args.includes('SO_ERROR, [0]')));
}
