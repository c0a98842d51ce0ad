import type { Duplex, Readable } from 'node:stream';
import { HalfopenError } from '../errors.ts';
import { ControlledProcess } from './controlled-process.ts';
import type { Message } from './framing.ts';
import { AgentProcess, type ProcessEnd, type StreamHandlers } from './process.ts';
import { Refusal, Requests } from './requests.ts';

export { ControlledProcess } from './controlled-process.ts';
export { AgentProcess, describeEnd, type ProcessEnd, type StreamHandlers } from './process.ts';
export type { CallArguments, CallName, CallResult } from './socket-calls.ts';

const PROTOCOL_VERSION = '3';

/**
 * The output of a program and how it ended: its status, or the name of the signal that killed it. `t` is the time of
 * its end, in seconds since the epoch.
 */
export interface RunResult {
	readonly status: number | string;
	readonly out: string;
	readonly err: string;
	readonly t: number;
}

/**
 * The harness's end of an agent inside a host (PROTOCOL.md). All methods reject with AGENT_GONE once its channel has
 * ended.
 */
export class Agent {
	readonly name: string;
	readonly pid: number;
	readonly kernelRelease: string;
	/**
	 * Resolves when the channel has ended: with AGENT_GONE or AGENT_PROTOCOL unless the harness ended it. Never rejects.
	 */
	readonly closed: Promise<HalfopenError | undefined>;
	readonly #requests: Requests;

	private constructor(requests: Requests, name: string, pid: number, kernelRelease: string) {
		this.name = name;
		this.pid = pid;
		this.kernelRelease = kernelRelease;
		this.closed = requests.closed;
		this.#requests = requests;
	}

	/**
	 * Waits for the agent's first message. Rejects with AGENT_GONE if the channel ends before, and with AGENT_PROTOCOL if
	 * the agent has another version of the protocol.
	 *
	 * @param name the agent's host, for messages: `client's machine`
	 * @param stderr the agent's stderr, quoted by the error when the agent is gone
	 */
	static async connect(channel: Duplex, name: string, { stderr }: { stderr?: Readable } = {}): Promise<Agent> {
		const requests = new Requests(channel, name, stderr);
		const [version = '', pid = '', release = ''] = (await requests.hello).words.map((word) => word.toString());
		if (version !== PROTOCOL_VERSION) {
			const error = new HalfopenError('AGENT_PROTOCOL', {
				problem:
					`The agent of ${name} speaks protocol version ${version}, but the harness speaks version ` +
					`${PROTOCOL_VERSION}.`,
				remedy: 'Run `npm run setup`: it builds the agent again.',
			});
			requests.fail(error);
			throw error;
		}
		return new Agent(requests, name, Number(pid), release);
	}

	/** The host's CLOCK_REALTIME, in seconds since the epoch. */
	async now(): Promise<number> {
		return (await this.#requests.ask('now')).t;
	}

	/**
	 * Resolves when so many milliseconds have passed on the host. Rejects with the signal's reason if it is aborted
	 * before.
	 */
	async sleep(ms: number, signal?: AbortSignal): Promise<void> {
		signal?.throwIfAborted();
		let id = 0;
		const microseconds = Math.max(0, Math.ceil(ms * 1_000));
		const slept = this.#requests.ask('sleep', [microseconds], {
			sent: (given) => {
				id = given;
			},
		});
		/* The sleep may have ended already. Its own answer says what happened. */
		const cancel = () => void this.#requests.ask('cancel', [id]).catch(() => {});
		signal?.addEventListener('abort', cancel, { once: true });
		try {
			await slept;
		} catch (error) {
			throw error instanceof Refusal && error.errno === 'ECANCELED' ? signal?.reason : error;
		} finally {
			signal?.removeEventListener('abort', cancel);
		}
	}

	/**
	 * Starts a program, found by PATH. Handlers get the output of its streams. A `log` handler adds a third stream, whose
	 * path replaces the word `@log` in argv. With `tty` the standard streams are a terminal, and all output is `out`.
	 * Rejects with TOOL_MISSING if the program cannot be executed.
	 */
	async spawn(
		argv: readonly string[],
		handlers: StreamHandlers = {},
		{ tty = false }: { readonly tty?: boolean } = {},
	): Promise<AgentProcess> {
		const streams = ['out', ...(tty ? [] : ['err']), ...(handlers.log ? ['log'] : [])];
		const options = [...(handlers.log ? ['log'] : []), ...(tty ? ['tty'] : [])].join() || '-';
		const make = (id: number, pid: number) => new AgentProcess(this.#requests, id, pid, handlers, streams);
		try {
			return await this.#start('spawn', [options, ...argv], make);
		} catch (error) {
			throw error instanceof Refusal ? this.#explain(argv, error) : error;
		}
	}

	/**
	 * Runs a program to its end, with `input` on its standard input. Output of children that outlive the program is not
	 * awaited. Rejects like `spawn`.
	 */
	async run(argv: readonly string[], { input }: { input?: string | Buffer } = {}): Promise<RunResult> {
		const out: Buffer[] = [];
		const err: Buffer[] = [];
		const process = await this.spawn(argv, { out: (bytes) => out.push(bytes), err: (bytes) => err.push(bytes) });
		/* A program may end without reading its input. Its status and output are the result. */
		const written = input === undefined ? undefined : process.write(input).catch(unlessExited);
		const ended = process.end();
		const [end] = await Promise.all([process.exited, written, ended]);
		return { status: statusOf(end), out: Buffer.concat(out).toString(), err: Buffer.concat(err).toString(), t: end.t };
	}

	/** Starts a process that makes the socket calls that the harness requests. */
	spawnControlled(): Promise<ControlledProcess> {
		return this.#start(
			'controlled',
			[],
			(id, pid) => new ControlledProcess(this.#requests, id, new AgentProcess(this.#requests, id, pid, {}, [])),
		);
	}

	/** Starts a relay on this machine. Its commands and what it prints are in PROTOCOL.md. */
	spawnRelay(handlers: StreamHandlers): Promise<AgentProcess> {
		return this.#start('relay', [], (id, pid) => new AgentProcess(this.#requests, id, pid, handlers, ['out', 'err']));
	}

	/** Ends the channel, and with it the agent and all its processes. Resolves when the agent is gone. */
	close(): Promise<void> {
		return this.#requests.close();
	}

	/**
	 * The new object must subscribe before the next message is handled, because events may follow the answer immediately.
	 */
	async #start<Started>(
		verb: string,
		words: readonly string[],
		make: (id: number, pid: number) => Started,
	): Promise<Started> {
		let started: Started | undefined;
		const answered = ({ id, words: [pid] }: Message) => {
			started = make(id, Number(pid?.toString()));
		};
		await this.#requests.ask(verb, words, { answered });
		return started as Started;
	}

	#explain(argv: readonly string[], refusal: Refusal): HalfopenError {
		const program = argv[0] ?? '';
		if (refusal.errno === 'ENOENT' || refusal.errno === 'EACCES' || refusal.errno === 'ENOEXEC') {
			return new HalfopenError('TOOL_MISSING', {
				problem: `${program} cannot be executed on ${this.name}.`,
				seen: refusal.seen,
				remedy:
					'Correct the program’s name. If the host image must have it, run `npm run setup`: it builds the image again.',
				cause: refusal,
			});
		}
		const code = refusal.errno === 'EPROTO' ? 'OPTION_INVALID' : 'SETUP_FAILED';
		return new HalfopenError(code, {
			problem: `${program} could not be started on ${this.name}.`,
			seen: refusal.seen,
			remedy: 'Read the error above, and check how much memory and how many processes the machine has left.',
			cause: refusal,
		});
	}
}

function statusOf({ status, signal }: ProcessEnd): number | string {
	return signal ?? status ?? -1;
}

function unlessExited(error: unknown): void {
	if (!(error instanceof HalfopenError) || error.code !== 'PEER_EXITED') throw error;
}
