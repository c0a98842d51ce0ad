import { pipeline, type Readable, Transform } from 'node:stream';

const NEWLINE = 10;

/**
 * What a stream says from its next line on: who joins it may do so in the middle of a line. It ends, or fails, as the
 * stream does.
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
	// Whoever reads hears of an error from what is read.
	pipeline(stream, lines, () => {});
	return lines;
}
