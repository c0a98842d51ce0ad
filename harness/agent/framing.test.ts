import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { HalfopenError } from '../errors.ts';
import { Decoder, decodeWord, encodeRequest, encodeWord, type Message, wordLength } from './framing.ts';

const bytes = fc.uint8Array({ maxLength: 300 }).map((array) => Buffer.from(array));
const times = fc.nat({ max: 2_000_000_000 }).map((seconds) => `${seconds}.000001`);
const ids = fc.nat({ max: 1_000_000 });

/** Messages as the agent writes them, and as they are decoded. */
const answers = fc
	.record({
		t: times,
		id: ids,
		kind: fc.constantFrom('ok', 'called', 'error', 'eof'),
		words: fc.array(bytes, { maxLength: 4 }),
	})
	.map(({ t, id, kind, words }) => ({
		written: Buffer.from(`${[t, id, kind, ...words.map(encodeWord)].join(' ')}\n`),
		read: { t: Number(t), id, kind, words } satisfies Message as Message,
	}));
const frames = fc
	.record({ t: times, id: ids, kind: fc.constantFrom('out', 'err', 'log'), body: bytes })
	.map(({ t, id, kind, body }) => ({
		written: Buffer.concat([Buffer.from(`${t} ${id} ${kind} ${body.length}\n`), body]),
		read: { t: Number(t), id, kind, words: [], bytes: body } satisfies Message as Message,
	}));

function cut(whole: Buffer, at: readonly number[]): Buffer[] {
	const edges = [0, ...at.map((place) => place % (whole.length + 1)).sort((a, b) => a - b), whole.length];
	return edges.slice(1).map((end, index) => whole.subarray(edges[index], end));
}

describe('words', () => {
	test('are written as the protocol says', () => {
		expect(encodeWord('')).toBe('%');
		expect(encodeWord('a b%\n')).toBe('a%20b%25%0A');
		expect(encodeWord('é')).toBe('%C3%A9');
		expect(encodeWord(Buffer.from([0, 0x7f, 0xff]))).toBe('%00%7F%FF');
	});

	test('have the length that wordLength returns', () => {
		fc.assert(
			fc.property(fc.oneof(bytes, fc.string()), (word) => expect(wordLength(word)).toBe(encodeWord(word).length)),
		);
	});

	test('are decoded as they were encoded', () => {
		fc.assert(
			fc.property(bytes, (word) => {
				const encoded = encodeWord(word);
				expect(encoded).toMatch(/^[\x21-\x7e]+$/);
				expect(decodeWord(encoded)).toEqual(word);
			}),
		);
	});

	test.each(['', '%%', '%4', '%4g', '%0a', 'a b', 'é', '\x7f'])('%j is not a word', (word) => {
		expect(() => decodeWord(word)).toThrow(expect.objectContaining({ code: 'AGENT_PROTOCOL' }));
	});
});

test('a request is a line, followed by its body', () => {
	expect(encodeRequest(7, 'spawn', ['-', 'echo', 'a b', '']).toString()).toBe('7 spawn - echo a%20b %\n');
	expect(encodeRequest(8, 'write', [7], Buffer.from('x\ny')).toString()).toBe('8 write 7 3\nx\ny');
});

describe('messages', () => {
	test('are the same in chunks of any size', () => {
		fc.assert(
			fc.property(fc.array(fc.oneof(answers, frames)), fc.array(fc.nat()), (messages, cuts) => {
				const decoder = new Decoder();
				const read = cut(Buffer.concat(messages.map(({ written }) => written)), cuts).flatMap((piece) =>
					decoder.push(piece),
				);
				expect(read).toEqual(messages.map((message) => message.read));
				expect(decoder.rest).toHaveLength(0);
			}),
		);
	});

	test('that are invalid throw AGENT_PROTOCOL and nothing else', () => {
		const start = fc.constantFrom('', '1.000000 1 ', '1.000000 1 out ');
		fc.assert(
			fc.property(start, bytes, (text, foreign) => {
				try {
					new Decoder().push(Buffer.concat([Buffer.from(text), foreign, Buffer.from('\n')]));
				} catch (error) {
					expect(error).toBeInstanceOf(HalfopenError);
					expect((error as HalfopenError).code).toBe('AGENT_PROTOCOL');
				}
			}),
		);
	});

	test.each([
		'hello',
		'1.5 1 ok',
		'1.000000 -1 ok',
		'1.000000 1 OK',
		'1.000000 1 out',
		'1.000000 1 out -1',
		'1.000000 1 out 99999999',
		'1.000000 1 ok  a',
		'bash: no',
	])('%j is not a message', (line) => {
		expect(() => new Decoder().push(Buffer.from(`${line}\n`))).toThrow(
			expect.objectContaining({ code: 'AGENT_PROTOCOL' }),
		);
	});

	test('have a maximum length', () => {
		const decoder = new Decoder();
		expect(() => {
			for (let i = 0; i < 10; i++) decoder.push(Buffer.alloc(1 << 20, 'a'));
		}).toThrow('a line that is too long');
	});
});
