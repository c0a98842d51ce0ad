import { HalfopenError } from '../errors.ts';
import { quietResolvers } from './promises.ts';
import { Refusal, type Requests } from './requests.ts';
import type { Message } from './wire.ts';

/** What takes the bytes of a stream, with the time (seconds since the epoch) at which the agent read them. */
export type BytesHandler = (bytes: Buffer, t: number) => void;

/** Takers of a process's streams; what nobody takes is dropped. They must not throw. */
export interface StreamHandlers {
	readonly out?: BytesHandler | undefined;
	readonly err?: BytesHandler | undefined;
	/** Asks for a third stream, to be opened by the path that stands where `@log` does in argv. */
	readonly log?: BytesHandler | undefined;
	/** Called when nobody can write to the third stream any more. */
	readonly logEnd?: (() => void) | undefined;
}

/** How a process ended: by itself with a status, or by a signal; `t` in seconds since the epoch. */
export interface ProcessEnd {
	readonly status?: number;
	readonly signal?: string;
	readonly t: number;
}

/** `exited with status 0`, `was killed by SIGPIPE`. */
export function describeEnd({ status, signal }: ProcessEnd): string {
	return signal === undefined ? `exited with status ${status}` : `was killed by ${signal}`;
}

/** Bytes of one `write` request; the agent takes up to 16 MiB. */
const CHUNK_BYTES = 256 << 10;

/** A process that the agent started. */
export class AgentProcess {
	readonly pid: number;
	/** Settles when the process has ended; all it wrote by then has been handed over before. Rejects with AGENT_GONE. */
	readonly exited: Promise<ProcessEnd>;
	/**
	 * Settles when all streams are at their end, which is later than `exited` where grandchildren go on writing. Rejects
	 * with AGENT_GONE.
	 */
	readonly drained: Promise<void>;
	readonly #id: number;
	readonly #requests: Requests;
	readonly #handlers: StreamHandlers;
	readonly #open: Set<string>;
	readonly #exited = quietResolvers<ProcessEnd>();
	readonly #drained = quietResolvers<void>();
	#ended: ProcessEnd | undefined;

	/** For `Agent` and `Puppet`, when the agent has answered; `streams` are those that will have an end. */
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

	/** How the process ended, if it has. */
	get ended(): ProcessEnd | undefined {
		return this.#ended;
	}

	/**
	 * Writes to standard input; settles when all is in the pipe. Rejects with PEER_EXITED where nobody reads any more.
	 */
	async write(data: string | Uint8Array): Promise<void> {
		const bytes = typeof data === 'string' ? Buffer.from(data) : data;
		const answers: Promise<Message>[] = [];
		for (let at = 0; at === 0 || at < bytes.length; at += CHUNK_BYTES) {
			answers.push(this.#requests.ask('write', [this.#id], { body: bytes.subarray(at, at + CHUNK_BYTES) }));
		}
		await this.#unlessRefused(Promise.all(answers), 'EPIPE', 'nobody reads what is written to it');
	}

	/** Ends standard input, after all earlier writes; does nothing where it has ended. */
	async end(): Promise<void> {
		try {
			await this.#requests.ask('close', [this.#id]);
		} catch (error) {
			if (!(error instanceof Refusal) || error.errno !== 'ESRCH') throw error;
		}
	}

	/** Sends a signal to this process, not to its group. Rejects with PEER_EXITED once it has ended. */
	async signal(name: NodeJS.Signals): Promise<void> {
		await this.#unlessRefused(this.#requests.ask('signal', [this.#id, name]), 'ESRCH', `it cannot get ${name}`);
	}

	async #unlessRefused(answer: Promise<unknown>, errno: string, consequence: string): Promise<void> {
		try {
			await answer;
		} catch (error) {
			if (!(error instanceof Refusal) || error.errno !== errno) throw error;
			const how = this.#ended ? describeEnd(this.#ended) : 'has closed its input';
			throw new HalfopenError('PEER_EXITED', {
				problem: `process ${this.pid} ${how}: ${consequence}`,
				remedy: 'wait for its end where the end is expected, and read what it wrote where it is not',
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
