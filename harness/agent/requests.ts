import type { Duplex, Readable } from 'node:stream';
import { HalfopenError } from '../errors.ts';
import { Decoder, encodeRequest, type Message } from './framing.ts';
import { quietResolvers, type Resolvers } from './promises.ts';

/** The agent answered a request with an error. */
export class Refusal extends HalfopenError {
	readonly errno: string;

	constructor(agent: string, errno: string, text: string) {
		super('AGENT_REFUSED', {
			problem: `The agent of ${agent} returned an error.`,
			seen: `${errno}: ${text}`,
			remedy: 'Correct what the error names, or check how much memory and how many processes the machine has left.',
		});
		this.errno = errno;
	}
}

export interface AskOptions {
	/** The body of a `write`. */
	readonly body?: Uint8Array;
	/** Called once, when the request has got its id. */
	readonly sent?: (id: number) => void;
	/** Called once, with the answer `ok` or `called`, before the next message is handled. */
	readonly answered?: (message: Message) => void;
}

/** Receives the events of a process, and the loss of the agent. */
export interface Subscriber {
	readonly event: (message: Message) => void;
	readonly gone: (error: HalfopenError) => void;
}

interface Pending extends Resolvers<Message> {
	readonly answered: AskOptions['answered'];
}

const MAX_SHOWN = 160;
const MAX_STDERR = 4_096;

/**
 * Sends requests to one agent over its channel. Each request has an id, which its answer repeats. Events are passed to
 * the subscriber of their id.
 */
export class Requests {
	/** Resolves when the channel has ended: with the error unless the harness ended it. Never rejects. */
	readonly closed: Promise<HalfopenError | undefined>;
	/** The agent's first message. */
	readonly hello: Promise<Message>;
	readonly #channel: Duplex;
	readonly #name: string;
	readonly #decoder = new Decoder();
	readonly #pending = new Map<number, Pending>();
	readonly #subscribers = new Map<number, Subscriber>();
	readonly #closed = quietResolvers<HalfopenError | undefined>();
	readonly #hello = quietResolvers<Message>();
	#lastId = 0;
	#lastRequest = 'none';
	#stderr = '';
	#closing = false;
	#gone: HalfopenError | undefined;

	/** @param name the agent's host, for messages */
	constructor(channel: Duplex, name: string, stderr?: Readable) {
		this.#channel = channel;
		this.#name = name;
		this.closed = this.#closed.promise;
		this.hello = this.#hello.promise;
		stderr?.on('data', (text: Buffer | string) => {
			this.#stderr = (this.#stderr + text.toString()).slice(-MAX_STDERR);
		});
		channel.on('data', (bytes: Buffer) => this.#receive(bytes));
		channel.on('end', () => this.#onEnd('its channel has ended'));
		channel.on('close', () => this.#onEnd('its channel was closed'));
		// A HalfopenError of the channel describes the cause better.
		channel.on('error', (error) =>
			error instanceof HalfopenError ? this.fail(error) : this.#onEnd(`its channel failed: ${error.message}`, error),
		);
	}

	/**
	 * Sends a request. Resolves with its answer. Rejects with `Refusal` if the answer is an error, and with AGENT_GONE.
	 */
	async ask(
		verb: string,
		words: readonly (string | number | Uint8Array)[] = [],
		{ body, sent, answered }: AskOptions = {},
	): Promise<Message> {
		if (this.#gone) throw this.#gone;
		if (this.#closing) throw this.#goneError('the harness has closed its channel');
		const id = ++this.#lastId;
		const pending: Pending = { ...quietResolvers<Message>(), answered };
		this.#pending.set(id, pending);
		this.#lastRequest = shorten([verb, ...words].join(' '));
		this.#channel.write(encodeRequest(id, verb, words, body));
		sent?.(id);
		return pending.promise;
	}

	/** Passes events with this id to the subscriber until `unsubscribe`. */
	subscribe(id: number, subscriber: Subscriber): void {
		this.#subscribers.set(id, subscriber);
	}

	unsubscribe(id: number): void {
		this.#subscribers.delete(id);
	}

	/**
	 * Ends the channel, and with it the agent and all its processes. Resolves when the channel has ended on both sides.
	 */
	async close(): Promise<void> {
		this.#closing = true;
		if (!this.#gone) this.#channel.end();
		await this.closed;
	}

	/** Rejects all pending requests and closes the channel. */
	fail(error: HalfopenError): void {
		if (this.#gone) return;
		this.#gone = error;
		for (const pending of this.#pending.values()) pending.reject(error);
		for (const subscriber of this.#subscribers.values()) subscriber.gone(error);
		this.#pending.clear();
		this.#subscribers.clear();
		this.#hello.reject(error);
		this.#closed.resolve(this.#closing ? undefined : error);
		this.#channel.destroy();
	}

	#receive(bytes: Buffer): void {
		if (this.#gone) return;
		try {
			for (const message of this.#decoder.push(bytes)) this.#dispatch(message);
		} catch (error) {
			if (!(error instanceof HalfopenError) || error.code !== 'AGENT_PROTOCOL') throw error;
			this.fail(error);
		}
	}

	#dispatch(message: Message): void {
		if (message.kind === 'hello') {
			this.#hello.resolve(message);
		} else if (message.kind === 'ok' || message.kind === 'called' || message.kind === 'error') {
			this.#settle(message);
		} else {
			const subscriber = this.#subscribers.get(message.id);
			if (!subscriber) throw this.#unexpected(message);
			subscriber.event(message);
		}
	}

	#settle(message: Message): void {
		const pending = this.#pending.get(message.id);
		if (!pending) throw this.#unexpected(message);
		this.#pending.delete(message.id);
		const [errno = Buffer.from('EUNKNOWN'), text = Buffer.alloc(0)] = message.words;
		if (message.kind === 'error') {
			pending.reject(new Refusal(this.#name, errno.toString(), text.toString()));
			return;
		}
		pending.answered?.(message);
		pending.resolve(message);
	}

	#unexpected({ id, kind, words }: Message): HalfopenError {
		return new HalfopenError('AGENT_PROTOCOL', {
			problem: `The agent of ${this.#name} sent a message for a request that was not made.`,
			seen: `${shorten([id, kind, ...words].join(' '))}\nthe last request: ${this.#lastRequest}`,
			remedy: 'Run `npm run setup`: it builds the agent again. The versions of agent and harness must be the same.',
		});
	}

	#onEnd(why: string, cause?: unknown): void {
		if (!this.#gone) this.fail(this.#goneError(this.#closing ? 'the harness has closed its channel' : why, cause));
	}

	#goneError(why: string, cause?: unknown): HalfopenError {
		const rest = this.#decoder.rest.toString('latin1');
		const seen = [
			`the last request: ${this.#lastRequest}`,
			rest && `an incomplete message: ${shorten(rest)}`,
			this.#stderr && `its stderr: ${this.#stderr}`,
		];
		return new HalfopenError('AGENT_GONE', {
			problem: `The agent of ${this.#name} is gone: ${why}.`,
			seen: seen.filter(Boolean).join('\n'),
			remedy:
				'Find out what ended its machine; if memory ran out, the kernel’s log (dmesg) says so. After a power-off, a ' +
				'kill or close(), the agent takes no requests.',
			cause,
		});
	}
}

function shorten(text: string): string {
	return text.length > MAX_SHOWN ? `${text.slice(0, MAX_SHOWN)}…` : text;
}
