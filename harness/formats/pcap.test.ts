import { readFileSync } from 'node:fs';
import { isDeepStrictEqual } from 'node:util';
import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { ethernet, ipPacket } from './fixtures/packets.ts';
import { LINK_TYPE, type readPacket } from './link-layers.ts';
import { PcapReader, pcapFile, pcapHeader, pcapRecord } from './pcap.ts';

const fixture = (name: string) => new Uint8Array(readFileSync(new URL(`./fixtures/${name}.pcap`, import.meta.url)));

function readAll(bytes: Uint8Array) {
	const reader = new PcapReader();
	return { packets: reader.push(bytes), reader };
}

/** Like `toEqual`, which takes 20 ms for a whole capture and is only used to show a difference. */
function expectSame(packets: readonly unknown[], expected: readonly unknown[]): void {
	if (!isDeepStrictEqual(packets, expected)) expect(packets).toEqual(expected);
}

/** Formats a segment like `tcpdump -S`. */
function described(packet: ReturnType<typeof readPacket>): string {
	if (packet.kind === 'other') return packet.what;
	if (packet.kind === 'icmp') return `${packet.from} > ${packet.to}: icmp ${packet.name}`;
	const { from, to, flags, seq, ack, length } = packet;
	return `${from.address}.${from.port} > ${to.address}.${to.port}: ${flags} seq ${seq} ack ${ack} length ${length}`;
}

describe('real captures', () => {
	test('of all interfaces (LINUX_SLL2, nanoseconds, 128 bytes of each packet)', () => {
		const { packets, reader } = readAll(fixture('cooked-nanoseconds'));
		expect(packets).toHaveLength(53);
		expect(reader.linkType).toBe(LINK_TYPE.LINUX_SLL2);
		expect([reader.unreadBytes, reader.pendingBytes]).toEqual([0, 0]);
		expect(packets.slice(0, 3).map(described)).toEqual([
			'127.0.0.1.33212 > 127.0.0.1.7000: S seq 2625490801 ack 0 length 0',
			'127.0.0.1.7000 > 127.0.0.1.33212: S. seq 3321370564 ack 2625490802 length 0',
			'127.0.0.1.33212 > 127.0.0.1.7000: . seq 2625490802 ack 3321370565 length 0',
		]);
		expect(packets[0]).toEqual({
			record: expect.anything(),
			kind: 'segment',
			t: 1795165329.203573,
			direction: 'in',
			loopback: true,
			from: { address: '127.0.0.1', port: 33212 },
			to: { address: '127.0.0.1', port: 7000 },
			flags: 'S',
			seq: 2625490801,
			ack: 0,
			window: 65495,
			length: 0,
			ipId: 48066,
			options: { mss: 65495, sackPermitted: true, timestamp: { value: 2894419644, echo: 0 }, windowScale: 10 },
		});
		// Longer than the snapshot.
		expect(packets.map(described)).toContain(
			'127.0.0.1.57572 > 127.0.0.1.7001: . seq 2246568956 ack 1794637116 length 47616',
		);
		expect(packets.find((packet) => packet.kind === 'segment' && packet.options.sack)).toMatchObject({
			options: { sack: [{ from: 2246568956, to: 2246616572 }], timestamp: { value: 3478805759, echo: 237970957 } },
		});
	});

	test('of a SYN on both interfaces of a pair: leaving, and on the other one addressed to another machine', () => {
		const syns = readAll(fixture('cooked-nanoseconds')).packets.filter(
			(packet) => packet.kind === 'segment' && packet.to.address === '10.8.8.77',
		);
		expect(syns.slice(0, 2).map((packet) => packet.direction)).toEqual(['out', undefined]);
	});

	test('in microseconds', () => {
		const { packets } = readAll(fixture('cooked'));
		expect(packets.map((packet) => packet.kind === 'segment' && packet.flags)).toEqual([
			'S',
			'S.',
			'.',
			'P.',
			'.',
			'S',
			'R.',
		]);
		expect(packets[0]?.t).toBe(1795164754.321058);
	});

	test('of Ethernet', () => {
		const { packets } = readAll(fixture('ethernet'));
		expect(packets.map(described)).toEqual(
			Array(4).fill('10.8.8.1.58118 > 10.8.8.77.9999: S seq 2528269317 ack 0 length 0'),
		);
		expect(packets[0]).not.toHaveProperty('direction');
	});

	test('of NFLOG, with the prefix of the rule', () => {
		const { packets } = readAll(fixture('nflog'));
		expect(packets.map(described)).toEqual(
			Array(3).fill('127.0.0.1.59970 > 127.0.0.1.9001: S seq 303469245 ack 0 length 0'),
		);
		expect(packets.map((packet) => packet.prefix)).toEqual(Array(3).fill('halfopen f1 '));
		expect(packets[0]).not.toHaveProperty('direction');
		expect(packets[0]?.t).toBe(1795165330.20811);
	});
});

describe('PcapReader', () => {
	const whole = fixture('cooked-nanoseconds');
	const all = readAll(whole).packets;
	/** Lengths in bytes (pcap-savefile(5)). */
	const [FILE_HEADER, RECORD_HEADER] = [24, 16];
	/** The end of each record in the file. */
	const ends = all.map((_, index) =>
		all.slice(0, index + 1).reduce((end, { record: { bytes } }) => end + RECORD_HEADER + bytes.length, FILE_HEADER),
	);
	const anyRecords = fc.array(
		fc.record({
			seconds: fc.integer({ min: 1_795_000_000, max: 1_795_100_000 }),
			nanoseconds: fc.nat(999_999_999),
			bytes: fc.uint8Array({ minLength: 1, maxLength: 60 }),
			beyond: fc.nat(2_000),
		}),
		{ maxLength: 12 },
	);

	test('the result does not depend on the chunks', () => {
		fc.assert(
			fc.property(fc.array(fc.nat(whole.length), { maxLength: 20 }), (anyCuts) => {
				const cuts = [0, ...anyCuts.sort((a, b) => a - b), whole.length];
				const reader = new PcapReader();
				expectSame(
					cuts.slice(1).flatMap((end, index) => reader.push(whole.subarray(cuts[index], end))),
					all,
				);
			}),
		);
	});

	test('a buffer may be reused after it was pushed', () => {
		const buffer = whole.slice();
		const { packets } = readAll(buffer);
		buffer.fill(0);
		expect(packets).toEqual(all);
	});

	test('a truncated file has all packets before the end, and the remaining bytes are counted', () => {
		fc.assert(
			fc.property(fc.nat(whole.length), (length) => {
				const { packets, reader } = readAll(whole.subarray(0, length));
				const before = ends.filter((end) => end <= length);
				expectSame(packets, all.slice(0, before.length));
				const read = before.at(-1) ?? (length < FILE_HEADER ? 0 : FILE_HEADER);
				expect(read + reader.pendingBytes + reader.unreadBytes).toBe(length);
			}),
		);
	});

	test('a written file is parsed to the same packets, in both byte orders', () => {
		fc.assert(
			fc.property(anyRecords, fc.boolean(), (fields, littleEndian) => {
				const records = fields.map(({ beyond, ...rest }) => ({
					...rest,
					originalLength: rest.bytes.length + beyond,
					linkType: LINK_TYPE.EN10MB,
					littleEndian,
				}));
				const { packets, reader } = readAll(pcapFile(LINK_TYPE.EN10MB, records));
				expect(packets.map((packet) => packet.record)).toEqual(records);
				expect(reader.unreadBytes).toBe(0);
			}),
		);
	});

	test('a filtered capture has the selected packets unchanged', () => {
		const syns = all.filter((packet) => packet.kind === 'segment' && packet.flags === 'S');
		const filtered = readAll(
			pcapFile(
				LINK_TYPE.LINUX_SLL2,
				syns.map((packet) => packet.record),
			),
		).packets;
		expect(filtered).toEqual(syns);
		expect(syns.length).toBeGreaterThan(4);
	});

	test('parses a big-endian capture with microseconds', () => {
		const bytes = pcapFile(LINK_TYPE.EN10MB, [
			{ ...ethernet(ipPacket({ payload: 3 })), nanoseconds: 321_058, littleEndian: false },
		]);
		bytes.set([0xa1, 0xb2, 0xc3, 0xd4]);
		expect(readAll(bytes).packets).toMatchObject([
			{ t: 1795164754.321058, length: 3, record: { nanoseconds: 321_058_000 } },
		]);
	});

	test('skips and counts garbage between records, and loses no later packet', () => {
		const anyGarbage = fc.oneof(
			fc.uint8Array({ minLength: 1, maxLength: 60 }),
			fc
				.tuple(fc.integer({ min: 1, max: 100 }), fc.nat(255))
				.map(([length, value]) => new Uint8Array(length).fill(value)),
		);
		fc.assert(
			fc.property(fc.integer({ min: 0, max: all.length - 1 }), anyGarbage, (position, garbage) => {
				const parts = all.map((packet) => pcapRecord(packet.record));
				parts.splice(position + 1, 0, garbage);
				const reader = new PcapReader();
				const packets = [pcapHeader(LINK_TYPE.LINUX_SLL2), ...parts].flatMap((part) => reader.push(part));
				expectSame(packets, all);
				expect(reader.unreadBytes + reader.pendingBytes).toBe(garbage.length);
			}),
			{ numRuns: 300 },
		);
	});

	test('loses no packet if the clock is set during the capture', () => {
		const records = [5, 1_795_164_754, 1_795_164_755].map((seconds) => ({ ...ethernet(ipPacket({})), seconds }));
		expect(readAll(pcapFile(LINK_TYPE.EN10MB, records)).packets.map((packet) => packet.record.seconds)).toEqual([
			5, 1_795_164_754, 1_795_164_755,
		]);
	});

	test('counts the bytes of a file that is no capture', () => {
		fc.assert(
			fc.property(fc.string({ unit: 'grapheme-ascii', maxLength: 200 }), (text) => {
				const bytes = new TextEncoder().encode(text);
				const { packets, reader } = readAll(bytes);
				expect(packets).toEqual([]);
				expect(reader.unreadBytes + reader.pendingBytes).toBe(bytes.length);
				expect(reader.linkType).toBeUndefined();
			}),
		);
	});
});
