/** Lines and frames of the agent's protocol (PROTOCOL.md), as pure functions. */

import { HalfopenError } from '../errors.ts';

/** A message of the agent: one line, and the bytes that follow if the line announces them. */
export interface Message {
	/** When the agent observed what it reports, in seconds since the epoch. */
	readonly t: number;
	readonly id: number;
	/** `ok`, `error`, `called`, `hello`, or the name of an event. */
	readonly kind: string;
	/** The decoded words after `kind`. */
	readonly words: readonly Buffer[];
	/** The bytes of `out`, `err` and `log`. */
	readonly bytes?: Buffer;
}

const PERCENT = 0x25;
const NEWLINE = 0x0a;
const HEX = '0123456789ABCDEF';
const STREAM_EVENTS: ReadonlySet<string> = new Set(['out', 'err', 'log']);
/** The longest line is the answer to a `recv` of 1 MiB: three characters per byte. */
const MAX_LINE = 4 << 20;
const MAX_FRAME = 16 << 20;

function isPlain(byte: number): boolean {
	return byte > 0x20 && byte < 0x7f && byte !== PERCENT;
}

/** LONGEST_LINE of agent/src/requests.c: the agent refuses a longer request. */
export const MAX_REQUEST_LINE = 1 << 20;

/** Returns the length of the word that `encodeWord` returns. */
export function wordLength(value: string | Uint8Array): number {
	const bytes = typeof value === 'string' ? Buffer.from(value) : value;
	let length = 0;
	for (const byte of bytes) length += isPlain(byte) ? 1 : 3;
	return length || 1;
}

/** Encodes bytes (text as UTF-8) as one word. */
export function encodeWord(value: string | Uint8Array): string {
	const bytes = typeof value === 'string' ? Buffer.from(value) : value;
	if (bytes.length === 0) return '%';
	let word = '';
	for (const byte of bytes) word += isPlain(byte) ? String.fromCharCode(byte) : `%${HEX[byte >> 4]}${HEX[byte & 15]}`;
	return word;
}

function protocolError(problem: string, seen: string): HalfopenError {
	const shown = seen.length > 200 ? `${seen.slice(0, 200)}…` : seen;
	return new HalfopenError('AGENT_PROTOCOL', {
		problem,
		seen: JSON.stringify(shown),
		remedy: 'Run `npm run setup`: it builds the agent again. The versions of agent and harness must be the same.',
	});
}

/** Decodes a word. Throws AGENT_PROTOCOL if it is invalid. */
export function decodeWord(word: string): Buffer {
	if (word === '%') return Buffer.alloc(0);
	if (word === '') throw protocolError('The agent sent an empty word.', word);
	const bytes = Buffer.alloc(word.length);
	let length = 0;
	for (let at = 0; at < word.length; at++) {
		const byte = word.charCodeAt(at);
		if (byte === PERCENT) {
			const code = word.slice(at + 1, at + 3);
			if (!/^[0-9A-F]{2}$/.test(code)) throw protocolError('The agent sent an invalid percent code.', word);
			bytes[length++] = Number.parseInt(code, 16);
			at += 2;
		} else if (isPlain(byte)) {
			bytes[length++] = byte;
		} else {
			throw protocolError('The agent sent a byte that must be percent-encoded.', word);
		}
	}
	return bytes.subarray(0, length);
}

/** Encodes a request. `body` follows the line of a `write`. */
export function encodeRequest(
	id: number,
	verb: string,
	words: readonly (string | number | Uint8Array)[] = [],
	body?: Uint8Array,
): Buffer {
	const line = [id, verb, ...words.map((word) => encodeWord(typeof word === 'number' ? String(word) : word))].join(' ');
	const head = Buffer.from(body ? `${line} ${body.length}\n` : `${line}\n`, 'latin1');
	return body ? Buffer.concat([head, body]) : head;
}

function parseLine(line: string): Message {
	const [time = '', id = '', kind = '', ...words] = line.split(' ');
	if (!/^\d+\.\d{6}$/.test(time) || !/^\d{1,15}$/.test(id) || !/^[a-z]+$/.test(kind)) {
		throw protocolError('The agent sent a line that is not a message.', line);
	}
	return { t: Number(time), id: Number(id), kind, words: words.map(decodeWord) };
}

function frameLength(message: Message): number {
	const text = message.words[0]?.toString('latin1') ?? '';
	const length = Number(text);
	if (message.words.length !== 1 || !/^\d{1,9}$/.test(text) || length > MAX_FRAME)
		throw protocolError('The agent announced an invalid number of bytes.', `${message.kind} ${text}`);
	return length;
}

/** Decodes messages from a stream of bytes, in chunks of any size. */
export class Decoder {
	#pending: Buffer = Buffer.alloc(0);
	/** The line whose bytes have not arrived completely. */
	#head: Message | undefined;

	/**
	 * Returns the messages that this chunk completes. Throws AGENT_PROTOCOL on invalid input; the decoder cannot be used
	 * after that.
	 */
	push(chunk: Uint8Array): Message[] {
		this.#pending =
			this.#pending.length === 0
				? Buffer.from(chunk.buffer, chunk.byteOffset, chunk.length)
				: Buffer.concat([this.#pending, chunk]);
		const messages: Message[] = [];
		for (let message = this.#next(); message; message = this.#next()) messages.push(message);
		return messages;
	}

	/** The bytes of an incomplete message. */
	get rest(): Buffer {
		return this.#pending;
	}

	#next(): Message | undefined {
		this.#head ??= this.#takeLine();
		if (!this.#head || !STREAM_EVENTS.has(this.#head.kind)) return this.#takeHead();
		const length = frameLength(this.#head);
		if (this.#pending.length < length) return undefined;
		const bytes = this.#take(length);
		const head = this.#takeHead();
		return head && { ...head, words: [], bytes };
	}

	#takeHead(): Message | undefined {
		const head = this.#head;
		this.#head = undefined;
		return head;
	}

	#takeLine(): Message | undefined {
		const end = this.#pending.indexOf(NEWLINE);
		if (end < 0 && this.#pending.length > MAX_LINE)
			throw protocolError('The agent sent a line that is too long.', this.#pending.toString('latin1', 0, 200));
		if (end < 0) return undefined;
		const line = this.#take(end).toString('latin1');
		this.#take(1);
		return parseLine(line);
	}

	#take(length: number): Buffer {
		const taken = this.#pending.subarray(0, length);
		this.#pending = this.#pending.subarray(length);
		return taken;
	}
}
