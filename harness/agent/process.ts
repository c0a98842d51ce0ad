import { HalfopenError } from '../errors.ts';
import type { Message } from './framing.ts';
import { quietResolvers } from './promises.ts';
import { Refusal, type Requests } from './requests.ts';

/** Called with bytes of a stream and the time at which the agent read them, in seconds since the epoch. */
export type BytesHandler = (bytes: Buffer, t: number) => void;

/** Handlers of a process's streams. Output without a handler is dropped. Handlers must not throw. */
export interface StreamHandlers {
	readonly out?: BytesHandler | undefined;
	readonly err?: BytesHandler | undefined;
	/** Adds a third stream, which the process opens by the path that replaces `@log` in argv. */
	readonly log?: BytesHandler | undefined;
	/** Called once, when the third stream has no writer any more. */
	readonly logEnd?: (() => void) | undefined;
}

/** How a process ended: with a status, or by a signal. `t` in seconds since the epoch. */
export interface ProcessEnd {
	readonly status?: number;
	readonly signal?: string;
	readonly t: number;
}

/** Returns `exited with status 0`, `was killed by SIGPIPE`. */
export function describeEnd({ status, signal }: ProcessEnd): string {
	return signal === undefined ? `exited with status ${status}` : `was killed by ${signal}`;
}

/** The size of one `write` request, in bytes. The agent accepts up to 16 MiB. */
const CHUNK_BYTES = 256 << 10;

/** A process that the agent started. */
export class AgentProcess {
	readonly pid: number;
	/**
	 * Resolves when the process has ended, after all its output until then has been passed to the handlers. Rejects with
	 * AGENT_GONE.
	 */
	readonly exited: Promise<ProcessEnd>;
	/**
	 * Resolves when all streams have ended. That is later than `exited` if grandchildren continue to write. Rejects with
	 * AGENT_GONE.
	 */
	readonly drained: Promise<void>;
	readonly #id: number;
	readonly #requests: Requests;
	readonly #handlers: StreamHandlers;
	readonly #open: Set<string>;
	readonly #exited = quietResolvers<ProcessEnd>();
	readonly #drained = quietResolvers<void>();
	#ended: ProcessEnd | undefined;

	/**
	 * Called by `Agent` and `ControlledProcess` when the agent has answered. `streams` are those that will send an
	 * end-of-file event.
	 */
	constructor(requests: Requests, id: number, pid: number, handlers: StreamHandlers, streams: readonly string[]) {
		this.pid = pid;
		this.#id = id;
		this.#requests = requests;
		this.#handlers = handlers;
		this.#open = new Set(streams);
		this.exited = this.#exited.promise;
		this.drained = this.#drained.promise;
		if (this.#open.size === 0) this.#drained.resolve();
		requests.subscribe(id, { event: (message) => this.#onEvent(message), gone: (error) => this.#onGone(error) });
	}

	/** How the process ended; undefined while it runs. */
	get ended(): ProcessEnd | undefined {
		return this.#ended;
	}

	/**
	 * Writes to standard input. Resolves when everything is in the pipe. Rejects with PEER_EXITED if nothing reads the
	 * pipe.
	 */
	async write(data: string | Uint8Array): Promise<void> {
		const bytes = typeof data === 'string' ? Buffer.from(data) : data;
		const answers: Promise<Message>[] = [];
		for (let at = 0; at === 0 || at < bytes.length; at += CHUNK_BYTES) {
			answers.push(this.#requests.ask('write', [this.#id], { body: bytes.subarray(at, at + CHUNK_BYTES) }));
		}
		await this.#unlessRefused(Promise.all(answers), 'EPIPE', 'its standard input has no reader');
	}

	/** Closes standard input after all earlier writes. Does nothing if the process has ended. */
	async end(): Promise<void> {
		try {
			await this.#requests.ask('close', [this.#id]);
		} catch (error) {
			if (!(error instanceof Refusal) || error.errno !== 'ESRCH') throw error;
		}
	}

	/** Sends a signal to this process, not to its group. Rejects with PEER_EXITED if the process has ended. */
	async signal(name: NodeJS.Signals): Promise<void> {
		await this.#unlessRefused(this.#requests.ask('signal', [this.#id, name]), 'ESRCH', `it cannot receive ${name}`);
	}

	async #unlessRefused(answer: Promise<unknown>, errno: string, consequence: string): Promise<void> {
		try {
			await answer;
		} catch (error) {
			if (!(error instanceof Refusal) || error.errno !== errno) throw error;
			const how = this.#ended ? describeEnd(this.#ended) : 'has closed its input';
			throw new HalfopenError('PEER_EXITED', {
				problem: `Process ${this.pid} ${how}: ${consequence}.`,
				remedy: 'If the process is meant to end, wait for its end. If not, read its output.',
				cause: error,
			});
		}
	}

	#onEvent({ kind, words, bytes, t }: Message): void {
		const word = words[0]?.toString() ?? '';
		if (bytes && (kind === 'out' || kind === 'err' || kind === 'log')) this.#handlers[kind]?.(bytes, t);
		else if (kind === 'eof') {
			this.#open.delete(word);
			if (word === 'log') this.#handlers.logEnd?.();
		} else if (kind === 'exited') this.#ended = { status: Number(word), t };
		else if (kind === 'killed') this.#ended = { signal: word, t };

		if (this.#ended) this.#exited.resolve(this.#ended);
		if (this.#open.size === 0) this.#drained.resolve();
		if (this.#ended && this.#open.size === 0) this.#requests.unsubscribe(this.#id);
	}

	#onGone(error: HalfopenError): void {
		this.#exited.reject(error);
		this.#drained.reject(error);
	}
}
