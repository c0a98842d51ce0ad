/** The file format of captures: https://www.ietf.org/archive/id/draft-ietf-opsawg-pcap-04.html */

/** A record of a capture. */
export interface PcapRecord {
	readonly seconds: number;
	readonly nanoseconds: number;
	/** The captured part of the packet. */
	readonly bytes: Uint8Array;
	/** The length of the whole packet, in bytes. */
	readonly originalLength: number;
	readonly linkType: number;
	/** The byte order of the capturing machine. Some link layers use it, too. */
	readonly littleEndian: boolean;
}

const MICROSECOND_MAGIC = 0xa1b2c3d4;
const NANOSECOND_MAGIC = 0xa1b23c4d;
const FILE_HEADER_LENGTH = 24;
const RECORD_HEADER_LENGTH = 16;
/** MAXIMUM_SNAPLEN of libpcap (pcap-int.h). */
const MAXIMUM_SNAPSHOT = 262_144;
const SMALLEST_BUFFER = 16_384;
/** After skipped bytes, only a record within this time of the last one is accepted. */
const LONGEST_SILENCE_SECONDS = 30 * 24 * 3_600;

interface FileHeader {
	readonly littleEndian: boolean;
	readonly nanosecondsPerTick: number;
	readonly linkType: number;
}

interface RecordHeader {
	readonly seconds: number;
	readonly ticks: number;
	readonly capturedLength: number;
	readonly originalLength: number;
}

/**
 * Splits a growing capture into records. Bytes that cannot begin a record's header are skipped one by one, and counted.
 */
export class PcapFraming {
	readonly #unread = new UnreadBytes();
	#header: FileHeader | undefined;
	#lastSeconds: number | undefined;
	/** Whether no byte was skipped since the last record. */
	#isInStep = true;
	#unreadBytes = 0;

	get linkType(): number | undefined {
		return this.#header?.linkType;
	}

	get unreadBytes(): number {
		return this.#unreadBytes;
	}

	get pendingBytes(): number {
		return this.#unread.length;
	}

	push(bytes: Uint8Array): PcapRecord[] {
		this.#unread.append(bytes);
		const { view } = this.#unread;
		let at = 0;
		while (!this.#header && view.byteLength - at >= FILE_HEADER_LENGTH) {
			this.#header = readFileHeader(view, at);
			if (this.#header) at += FILE_HEADER_LENGTH;
			else at += this.#skipByte();
		}

		const records: PcapRecord[] = [];
		while (this.#header && view.byteLength - at >= RECORD_HEADER_LENGTH) {
			const head = readRecordHeader(view, at, this.#header.littleEndian);
			if (!this.#isPlausible(head, this.#header)) {
				at += this.#skipByte();
				continue;
			}
			const start = at + RECORD_HEADER_LENGTH;
			const end = start + head.capturedLength;
			if (end > view.byteLength) break;
			records.push(recordOf(head, this.#unread.part(start, end), this.#header));
			this.#lastSeconds = head.seconds;
			this.#isInStep = true;
			at = end;
		}
		this.#unread.forget(at);
		return records;
	}

	#skipByte(): 1 {
		this.#unreadBytes++;
		this.#isInStep = false;
		return 1;
	}

	#isPlausible(
		{ seconds, ticks, capturedLength, originalLength }: RecordHeader,
		{ nanosecondsPerTick }: FileHeader,
	): boolean {
		// Right after a record, any time is accepted, because the clock may be set while a capture runs.
		const isNear =
			this.#isInStep ||
			this.#lastSeconds === undefined ||
			Math.abs(seconds - this.#lastSeconds) <= LONGEST_SILENCE_SECONDS;
		const isLength = capturedLength > 0 && capturedLength <= MAXIMUM_SNAPSHOT && capturedLength <= originalLength;
		return isNear && isLength && ticks * nanosecondsPerTick < 1e9;
	}
}

/**
 * Buffers bytes that were pushed and not parsed yet. They are copied, because the caller may reuse its buffer. They are
 * never overwritten, because records are views of them. When the buffer is full, a new one of twice the size replaces
 * it, so the work is in proportion to the number of bytes, however small the chunks are.
 */
class UnreadBytes {
	#buffer = new Uint8Array(0);
	#start = 0;
	#end = 0;

	get length(): number {
		return this.#end - this.#start;
	}

	get view(): DataView {
		return new DataView(this.#buffer.buffer, this.#start, this.length);
	}

	append(bytes: Uint8Array): void {
		if (this.#end + bytes.length > this.#buffer.length) {
			const unread = this.part(0, this.length);
			const length = unread.length + bytes.length;
			this.#buffer = new Uint8Array(Math.max(SMALLEST_BUFFER, 2 * length));
			this.#buffer.set(unread);
			this.#start = 0;
			this.#end = unread.length;
		}
		this.#buffer.set(bytes, this.#end);
		this.#end += bytes.length;
	}

	part(from: number, to: number): Uint8Array {
		return this.#buffer.subarray(this.#start + from, this.#start + to);
	}

	forget(length: number): void {
		this.#start += length;
	}
}

function readFileHeader(view: DataView, at: number): FileHeader | undefined {
	for (const littleEndian of [true, false]) {
		const magic = view.getUint32(at, littleEndian);
		if (magic !== MICROSECOND_MAGIC && magic !== NANOSECOND_MAGIC) continue;
		// The upper half may contain the length of a frame check sequence.
		const linkType = view.getUint32(at + 20, littleEndian) & 0xffff;
		return { littleEndian, nanosecondsPerTick: magic === MICROSECOND_MAGIC ? 1_000 : 1, linkType };
	}
	return undefined;
}

function readRecordHeader(view: DataView, at: number, littleEndian: boolean): RecordHeader {
	return {
		seconds: view.getUint32(at, littleEndian),
		ticks: view.getUint32(at + 4, littleEndian),
		capturedLength: view.getUint32(at + 8, littleEndian),
		originalLength: view.getUint32(at + 12, littleEndian),
	};
}

function recordOf(
	head: RecordHeader,
	bytes: Uint8Array,
	{ nanosecondsPerTick, linkType, littleEndian }: FileHeader,
): PcapRecord {
	const { seconds, ticks, originalLength } = head;
	return { seconds, nanoseconds: ticks * nanosecondsPerTick, bytes, originalLength, linkType, littleEndian };
}

/**
 * Returns the header of a capture file with nanoseconds.
 *
 * @param littleEndian the byte order of the machine that the records come from
 */
export function pcapHeader(linkType: number, littleEndian = true): Uint8Array {
	const bytes = new Uint8Array(FILE_HEADER_LENGTH);
	const view = new DataView(bytes.buffer);
	view.setUint32(0, NANOSECOND_MAGIC, littleEndian);
	view.setUint16(4, 2, littleEndian);
	view.setUint16(6, 4, littleEndian);
	view.setUint32(16, MAXIMUM_SNAPSHOT, littleEndian);
	view.setUint32(20, linkType, littleEndian);
	return bytes;
}

/** Returns a record of a capture file, whose `pcapHeader` must have the same link type and byte order. */
export function pcapRecord({ seconds, nanoseconds, bytes, originalLength, littleEndian }: PcapRecord): Uint8Array {
	const head = new Uint8Array(RECORD_HEADER_LENGTH);
	const view = new DataView(head.buffer);
	for (const [index, value] of [seconds, nanoseconds, bytes.length, originalLength].entries())
		view.setUint32(4 * index, value, littleEndian);
	return concatenated([head, bytes]);
}

/** Returns a capture file for tcpdump and Wireshark. Records of another link type or byte order are left out. */
export function pcapFile(linkType: number, records: readonly PcapRecord[]): Uint8Array {
	const littleEndian = records[0]?.littleEndian ?? true;
	return concatenated([
		pcapHeader(linkType, littleEndian),
		...records.filter((r) => r.linkType === linkType && r.littleEndian === littleEndian).map(pcapRecord),
	]);
}

function concatenated(parts: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
	const whole = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
	let at = 0;
	for (const part of parts) {
		whole.set(part, at);
		at += part.length;
	}
	return whole;
}
