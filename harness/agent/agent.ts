import type { Duplex, Readable } from 'node:stream';
import { HalfopenError } from '../errors.ts';
import { AgentProcess, type ProcessEnd, type StreamHandlers } from './process.ts';
import { Puppet } from './puppet.ts';
import { Refusal, Requests } from './requests.ts';
import type { Message } from './wire.ts';

export { AgentProcess, describeEnd, type ProcessEnd, type StreamHandlers } from './process.ts';
export { Puppet } from './puppet.ts';
export type { CallArguments, CallName, CallResult } from './socket-calls.ts';

const PROTOCOL_VERSION = '2';

/**
 * What a program said and how it ended: its status, or the name of the signal that killed it; `t` of the end in seconds
 * since the epoch.
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
	 * Settles when the channel has ended: with AGENT_GONE or AGENT_PROTOCOL where the harness did not end it. Never
	 * rejects.
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
	 * Waits for the agent's first message. Rejects with AGENT_GONE if the channel ends before, and with AGENT_PROTOCOL on
	 * another version.
	 *
	 * @param name whose agent it is, for messages: `client's machine`
	 * @param stderr what the agent says besides, to be quoted when it is gone
	 */
	static async connect(channel: Duplex, name: string, { stderr }: { stderr?: Readable } = {}): Promise<Agent> {
		const requests = new Requests(channel, name, stderr);
		const [version = '', pid = '', release = ''] = (await requests.hello).words.map((word) => word.toString());
		if (version !== PROTOCOL_VERSION) {
			const error = new HalfopenError('AGENT_PROTOCOL', {
				problem:
					`the agent of ${name} speaks version ${version} of the protocol, and the harness version ` +
					`${PROTOCOL_VERSION}`,
				remedy: 'rebuild the agent with npm run setup',
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

	/** Lets time pass on the host, in milliseconds. Rejects with the signal's reason when it is aborted before. */
	async sleep(ms: number, signal?: AbortSignal): Promise<void> {
		signal?.throwIfAborted();
		let id = 0;
		const microseconds = Math.max(0, Math.ceil(ms * 1_000));
		const slept = this.#requests.ask('sleep', [microseconds], {
			sent: (given) => {
				id = given;
			},
		});
		/* Too late is no failure: the answer to the sleep tells what became of it. */
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
	 * Starts a program, found by PATH. Handlers take its streams as they come; a `log` handler makes a third stream,
	 * whose path stands where argv has the word `@log`. With `tty` its standard streams are a terminal, and all that it
	 * writes is `out`. Rejects with TOOL_MISSING where the program cannot be executed.
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
	 * Runs a program to its end, and gives it `input` before; output of children that outlive it is not waited for.
	 * Rejects as `spawn` does.
	 */
	async run(argv: readonly string[], { input }: { input?: string | Buffer } = {}): Promise<RunResult> {
		const out: Buffer[] = [];
		const err: Buffer[] = [];
		const process = await this.spawn(argv, { out: (bytes) => out.push(bytes), err: (bytes) => err.push(bytes) });
		/* A program may well end without reading its input; its output and status tell what came of it. */
		const written = input === undefined ? undefined : process.write(input).catch(unlessExited);
		const ended = process.end();
		const [end] = await Promise.all([process.exited, written, ended]);
		return { status: statusOf(end), out: Buffer.concat(out).toString(), err: Buffer.concat(err).toString(), t: end.t };
	}

	/** Starts a process that makes socket calls as it is told. */
	puppet(): Promise<Puppet> {
		return this.#start(
			'puppet',
			[],
			(id, pid) => new Puppet(this.#requests, id, new AgentProcess(this.#requests, id, pid, {}, [])),
		);
	}

	/** Ends the channel, and with it the agent and all that it started; settles when the agent has gone. */
	close(): Promise<void> {
		return this.#requests.close();
	}

	/** What is started must listen from the answer on: events follow it at once. */
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
				problem: `${program} cannot be executed on ${this.name}`,
				seen: refusal.message,
				remedy: 'if the host image should have it, rebuild the image with npm run setup',
				cause: refusal,
			});
		}
		const code = refusal.errno === 'EPROTO' ? 'OPTION_INVALID' : 'SETUP_FAILED';
		return new HalfopenError(code, {
			problem: `${program} could not be started on ${this.name}`,
			seen: refusal.message,
			remedy: 'see the error, and what the machine has left',
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
