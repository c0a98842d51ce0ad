import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { rebootTimeline } from '../ladder/fixtures/timelines.ts';
import { type LiveMessage, lineOf, MessageReader } from './messages.ts';

const text = fc.string({ unit: 'grapheme' });
const number = fc.nat();
// JSON has no negative zero.
const now = fc.double({ min: 0, max: 1e13, noNaN: true }).map(Math.abs);
const message: fc.Arbitrary<LiveMessage> = fc.oneof(
	fc.record({ kind: fc.constant('began' as const), spec: text, scenario: text }),
	fc.record({ kind: fc.constant('began' as const), spec: text, scenario: text, question: text }),
	fc.record({ kind: fc.constant('waits' as const), wait: number, what: text }),
	fc.record({
		kind: fc.constant('waits' as const),
		wait: number,
		what: text,
		limitMs: fc.double({ min: 0, max: 1e9, noNaN: true }).map(Math.abs),
		now,
	}),
	fc.record({ kind: fc.constant('waited' as const), wait: number }),
	fc.record({ kind: fc.constant('clock' as const), now }),
	fc.constantFrom('snapshot' as const, 'finished' as const).map((kind) => ({ kind, timeline: rebootTimeline() })),
);
const foreign = fc.oneof(text, fc.json()).filter((line) => !line.includes('\n'));

/** Splits the text into pieces of these lengths, and the rest. */
function pieces(whole: string, lengths: readonly number[]): string[] {
	let rest = whole;
	const cut = lengths.map((length) => {
		const piece = rest.slice(0, length);
		rest = rest.slice(length);
		return piece;
	});
	return [...cut, rest];
}

describe('messages', () => {
	test('are read as they were written, however the stream splits them', () => {
		fc.assert(
			fc.property(
				fc.array(message, { maxLength: 5 }),
				fc.array(fc.nat({ max: 40 }), { maxLength: 12 }),
				(messages, lengths) => {
					const reader = new MessageReader();
					const read = pieces(messages.map(lineOf).join(''), lengths).flatMap((piece) => reader.read(piece));
					expect(read).toEqual(messages);
				},
			),
		);
	});

	test('are read between foreign lines', () => {
		fc.assert(
			fc.property(message, foreign, (one, line) => {
				expect(new MessageReader().read(`${line}\n${lineOf(one)}`)).toEqual([one]);
			}),
		);
	});

	test.each([
		'',
		'null',
		'{"kind":"waits"}',
		'{"kind":"waits","wait":-1,"what":"it"}',
		'{"kind":"waited","wait":"1"}',
		'{"kind":"snapshot","timeline":{}}',
	])('are not read from %s', (line) => {
		expect(new MessageReader().read(`${line}\n`)).toEqual([]);
	});
});
