import { PassThrough, Readable } from 'node:stream';
import { text } from 'node:stream/consumers';
import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { fromNextLine } from './from-next-line.ts';

test('drops the rest of the first line, whatever the sizes of the chunks', async () => {
	const line = fc.stringMatching(/^[a-z= ]{0,8}$/);
	const cuts = fc.array(fc.nat(30), { maxLength: 6 });
	await fc.assert(
		fc.asyncProperty(line, fc.array(line, { maxLength: 5 }), cuts, async (partial, lines, at) => {
			const bytes = Buffer.from([partial, ...lines, ''].join('\n'));
			const ends = [0, ...at.sort((a, b) => a - b), bytes.length].map((end) => Math.min(end, bytes.length));
			const pieces = ends.slice(1).map((end, index) => bytes.subarray(ends[index], end));
			const stream = Readable.from(pieces.filter(({ length }) => length > 0));
			expect(await text(fromNextLine(stream))).toBe(lines.map((one) => `${one}\n`).join(''));
		}),
	);
});

test('destroying the result ends the stream, and an error of the stream is an error of the result', async () => {
	const first = new PassThrough();
	fromNextLine(first).destroy();
	await new Promise((resolve) => first.once('close', resolve));

	const second = new PassThrough();
	const failed = new Promise((resolve) => fromNextLine(second).once('error', resolve));
	second.destroy(new Error('gone'));
	expect(await failed).toMatchObject({ message: 'gone' });
});
