import { pipeline, type Readable, Transform } from 'node:stream';

const NEWLINE = 10;

/**
 * Returns a stream from its next line on, because a reader may join a stream in the middle of a line. The result ends
 * or fails when the stream does.
 */
export function fromNextLine(stream: Readable): Readable {
	let isAligned = false;
	const lines = new Transform({
		transform(bytes: Buffer, _encoding, done) {
			const end = isAligned ? -1 : bytes.indexOf(NEWLINE);
			const isWithin = !isAligned && end < 0;
			isAligned ||= end >= 0;
			done(null, isWithin ? undefined : bytes.subarray(end + 1));
		},
	});
	// The error is reported to the reader of `lines`.
	pipeline(stream, lines, () => {});
	return lines;
}
