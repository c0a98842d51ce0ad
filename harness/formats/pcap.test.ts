import { readFileSync } from 'node:fs';
import { isDeepStrictEqual } from 'node:util';
import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { LINK_TYPE } from './link-layers.ts';
import { PcapReader, type PcapRecord, pcapFile, pcapHeader, pcapRecord, readPacket } from './pcap.ts';

const fixture = (name: string) => new Uint8Array(readFileSync(new URL(`./fixtures/${name}.pcap`, import.meta.url)));

function readAll(bytes: Uint8Array) {
	const reader = new PcapReader();
	return { packets: reader.push(bytes), reader };
}

/** As `toEqual`, which takes 20 ms for what a whole capture holds, and is asked only to show a difference. */
function expectSame(packets: readonly unknown[], expected: readonly unknown[]): void {
	if (!isDeepStrictEqual(packets, expected)) expect(packets).toEqual(expected);
}

/** As `tcpdump -S` tells it. */
function told(packet: ReturnType<typeof readPacket>): string {
	if (packet.kind === 'other') return packet.what;
	if (packet.kind === 'icmp') return `${packet.from} > ${packet.to}: icmp ${packet.name}`;
	const { from, to, flags, seq, ack, length } = packet;
	return `${from.address}.${from.port} > ${to.address}.${to.port}: ${flags} seq ${seq} ack ${ack} length ${length}`;
}

function record(linkType: number, bytes: Uint8Array | number[], originalLength = bytes.length): PcapRecord {
	return {
		seconds: 1_795_164_754,
		nanoseconds: 321_058_999,
		bytes: Uint8Array.from(bytes),
		originalLength,
		linkType,
		littleEndian: true,
	};
}

const uint16 = (value: number) => [(value >> 8) & 255, value & 255];
const uint32 = (value: number) => [...uint16(value >>> 16), ...uint16(value)];

interface Layers {
	readonly ipOptions?: number[];
	readonly tcpOptions?: number[];
	readonly flags?: number;
	readonly payload?: number;
	readonly seq?: number;
	readonly protocol?: number;
	readonly fragment?: number;
	readonly totalLength?: number;
}

function ipPacket({
	ipOptions = [],
	tcpOptions = [],
	flags = 0x18,
	payload = 0,
	seq = 4_000_000_000,
	protocol = 6,
	fragment = 0,
	totalLength,
}: Layers): number[] {
	const ihl = 5 + ipOptions.length / 4;
	const offset = 5 + tcpOptions.length / 4;
	const tcp = [
		...uint16(51080),
		...uint16(8080),
		...uint32(seq),
		...uint32(7),
		...uint16((offset << 12) | flags),
		...uint16(64),
		0,
		0,
		0,
		0,
		...tcpOptions,
	];
	const length = totalLength ?? ihl * 4 + tcp.length + payload;
	const ip = [
		0x40 | ihl,
		0,
		...uint16(length),
		...uint16(0x1234),
		...uint16(fragment),
		64,
		protocol,
		0,
		0,
		10,
		0,
		0,
		1,
		10,
		0,
		0,
		2,
		...ipOptions,
	];
	return [...ip, ...tcp, ...Array<number>(payload).fill(0x61)];
}

const ethernet = (packet: number[], etherType = 0x0800) =>
	record(LINK_TYPE.EN10MB, [...Array<number>(12).fill(2), ...uint16(etherType), ...packet]);
const cooked = (packet: number[], packetType = 4) =>
	record(LINK_TYPE.LINUX_SLL2, [
		...uint16(0x0800),
		0,
		0,
		0,
		0,
		0,
		1,
		0,
		1,
		packetType,
		6,
		...Array<number>(8).fill(0),
		...packet,
	]);

describe('real captures', () => {
	test('of every interface (LINUX_SLL2, nanoseconds, 128 bytes of each packet)', () => {
		const { packets, reader } = readAll(fixture('cooked-nanoseconds'));
		expect(packets).toHaveLength(53);
		expect(reader.linkType).toBe(LINK_TYPE.LINUX_SLL2);
		expect([reader.unreadBytes, reader.pendingBytes]).toEqual([0, 0]);
		expect(packets.slice(0, 3).map(told)).toEqual([
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
		// Longer than what was captured of it.
		expect(packets.map(told)).toContain(
			'127.0.0.1.57572 > 127.0.0.1.7001: . seq 2246568956 ack 1794637116 length 47616',
		);
		expect(packets.find((packet) => packet.kind === 'segment' && packet.options.sack)).toMatchObject({
			options: { sack: [{ from: 2246568956, to: 2246616572 }], timestamp: { value: 3478805759, echo: 237970957 } },
		});
	});

	test('of a SYN that leaves one interface of a pair: out, and on the other for another machine', () => {
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
		expect(packets.map(told)).toEqual(
			Array(4).fill('10.8.8.1.58118 > 10.8.8.77.9999: S seq 2528269317 ack 0 length 0'),
		);
		expect(packets[0]).not.toHaveProperty('direction');
	});

	test('of NFLOG, with the prefix of the rule', () => {
		const { packets } = readAll(fixture('nflog'));
		expect(packets.map(told)).toEqual(
			Array(3).fill('127.0.0.1.59970 > 127.0.0.1.9001: S seq 303469245 ack 0 length 0'),
		);
		expect(packets.map((packet) => packet.prefix)).toEqual(Array(3).fill('halfopen f1 '));
		expect(packets[0]).not.toHaveProperty('direction');
		expect(packets[0]?.t).toBe(1795165330.20811);
	});
});

describe('packets', () => {
	test.each([
		[0x02, 'S'],
		[0x12, 'S.'],
		[0x10, '.'],
		[0x18, 'P.'],
		[0x11, 'F.'],
		[0x19, 'FP.'],
		[0x04, 'R'],
		[0x14, 'R.'],
		[0x00, 'none'],
		[0xc2, 'SEW'],
		[0x30, '.U'],
		// Accurate ECN: AE, CWR and ECE (RFC 9768, 3.1.1); its counter begins with 5.
		[0x1c2, 'SEWe'],
		[0x150, '.Ee'],
	])('flags 0x%s are written %s', (flags, text) => {
		expect(readPacket(cooked(ipPacket({ flags })))).toMatchObject({ flags: text });
	});

	test('the payload begins behind all options, and its length is that of the packet, not of the snapshot', () => {
		const packet = ipPacket({
			ipOptions: [0x94, 4, 0, 0],
			tcpOptions: [1, 1, 8, 10, 0, 0, 0, 5, 0, 0, 0, 6],
			payload: 700,
		});
		const expected = {
			kind: 'segment',
			length: 700,
			seq: 4_000_000_000,
			ipId: 0x1234,
			options: { timestamp: { value: 5, echo: 6 } },
		};
		for (const whole of [cooked(packet), ethernet(packet)]) {
			expect(readPacket(whole)).toMatchObject(expected);
			expect(readPacket({ ...whole, bytes: whole.bytes.subarray(0, 128) })).toMatchObject(expected);
		}
	});

	test('padding of short Ethernet frames is no payload', () => {
		expect(readPacket(ethernet([...ipPacket({}), 0, 0, 0, 0, 0, 0]))).toMatchObject({ kind: 'segment', length: 0 });
	});

	test('a length left to segmentation offload is that of the frame', () => {
		const packet = ipPacket({ totalLength: 0 });
		expect(readPacket({ ...ethernet(packet), originalLength: 14 + 40 + 100_000 })).toMatchObject({
			kind: 'segment',
			length: 100_000,
		});
	});

	test('options are read as far as they are well-formed', () => {
		const options = (tcpOptions: number[]) => readPacket(cooked(ipPacket({ tcpOptions })));
		expect(options([2, 4, 5, 0xb4, 4, 2, 1, 0])).toMatchObject({ options: { mss: 1460, sackPermitted: true } });
		expect(options([3, 3, 7, 30, 0, 1, 1, 1])).toMatchObject({ options: { windowScale: 7 } });
		expect(options([2, 40, 5, 0xb4])).toMatchObject({ kind: 'segment', options: {} });
		const cut = cooked(ipPacket({ tcpOptions: [2, 4, 5, 0xb4, 8, 10, 0, 0, 0, 5, 0, 0, 0, 6, 1, 1] }));
		expect(readPacket({ ...cut, bytes: cut.bytes.subarray(0, 20 + 20 + 20 + 8) })).toMatchObject({
			kind: 'segment',
			length: 0,
			options: { mss: 1460 },
		});
	});

	test.each([
		[cooked(ipPacket({ protocol: 17 }), 0), { what: 'udp', direction: 'in' }],
		[cooked(ipPacket({ protocol: 200 })), { what: 'ip protocol 200' }],
		[cooked(ipPacket({ fragment: 0x00b9 })), { what: 'ip fragment', from: '10.0.0.1' }],
		[ethernet([], 0x0806), { what: 'arp' }],
		[ethernet([], 0x86dd), { what: 'ipv6' }],
		[ethernet([], 0x8100), { what: 'vlan' }],
		[ethernet([], 0x1234), { what: 'ethertype 0x1234' }],
		[ethernet([0x45]), { what: 'undecodable: truncated IPv4 header' }],
		[ethernet(ipPacket({}).slice(0, 30)), { what: 'undecodable: truncated TCP header', from: '10.0.0.1' }],
		[
			ethernet(ipPacket({ protocol: 1 }).slice(0, 27)),
			{ what: 'undecodable: truncated ICMP header', from: '10.0.0.1' },
		],
		[ethernet(ipPacket({ totalLength: 30 })), { what: 'undecodable: TCP segment shorter than its header' }],
		[ethernet(ipPacket({ totalLength: 10 })), { what: 'undecodable: IPv4 packet shorter than its header' }],
		[ethernet([0x44, ...ipPacket({}).slice(1)]), { what: 'undecodable: IPv4 header of 16 bytes' }],
		[ethernet([0x65, ...ipPacket({}).slice(1)]), { what: 'undecodable: IP version 6' }],
		[record(LINK_TYPE.EN10MB, [1, 2, 3]), { what: 'undecodable: truncated Ethernet header' }],
		[record(LINK_TYPE.LINUX_SLL2, [1, 2, 3]), { what: 'undecodable: truncated cooked header' }],
		[record(LINK_TYPE.NFLOG, [2]), { what: 'undecodable: truncated NFLOG header' }],
		[
			record(LINK_TYPE.NFLOG, [2, 0, 0, 7, 6, 0, 10, 0, 0x61, 0]),
			{ what: 'undecodable: NFLOG without payload', prefix: 'a' },
		],
		[record(LINK_TYPE.NFLOG, [10, 0, 0, 7, 5, 0, 9, 0, 0x60]), { what: 'ipv6' }],
		[record(147, [1]), { what: 'undecodable: link type 147' }],
	])('what is no TCP over IPv4 is named: %#', (frame, expected) => {
		expect(readPacket(frame)).toMatchObject({ kind: 'other', ...expected });
	});

	test('no bytes make it throw', () => {
		const anyLinkType = fc.constantFrom(...Object.values(LINK_TYPE));
		const nearly = fc
			.tuple(fc.constantFrom(ethernet, cooked), fc.uint8Array({ maxLength: 80 }))
			.map(([frame, bytes]) => frame([0x45, ...bytes]));
		const anything = fc
			.tuple(anyLinkType, fc.uint8Array({ maxLength: 120 }))
			.map(([linkType, bytes]) => record(linkType, bytes));
		fc.assert(
			fc.property(fc.oneof(nearly, anything), (frame) => {
				const packet = readPacket(frame);
				expect(packet.t).toBe(1795164754.321058);
				if (packet.kind === 'segment') expect(packet.length).toBeGreaterThanOrEqual(0);
			}),
			{ numRuns: 1_000 },
		);
	});
});

describe('PcapReader', () => {
	const whole = fixture('cooked-nanoseconds');
	const all = readAll(whole).packets;
	/** Bytes (pcap-savefile(5)). */
	const [FILE_HEADER, RECORD_HEADER] = [24, 16];
	/** Where each record ends in the file. */
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

	test('it does not matter how the bytes are cut', () => {
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

	test('a buffer may be used again once it was pushed', () => {
		const buffer = whole.slice();
		const { packets } = readAll(buffer);
		buffer.fill(0);
		expect(packets).toEqual(all);
	});

	test('a cut takes nothing from the packets before it, and what it left is counted', () => {
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

	test('what was written is read again: both byte orders', () => {
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

	test('a filtered capture holds the chosen packets, as they were', () => {
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

	test('a capture in big-endian microseconds', () => {
		const bytes = pcapFile(LINK_TYPE.EN10MB, [
			{ ...ethernet(ipPacket({ payload: 3 })), nanoseconds: 321_058, littleEndian: false },
		]);
		bytes.set([0xa1, 0xb2, 0xc3, 0xd4]);
		expect(readAll(bytes).packets).toMatchObject([
			{ t: 1795164754.321058, length: 3, record: { nanoseconds: 321_058_000 } },
		]);
	});

	test('garbage between records is skipped and counted, and no later packet is lost', () => {
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

	test('a clock that is set while it runs loses no packet', () => {
		const records = [5, 1_795_164_754, 1_795_164_755].map((seconds) => ({ ...ethernet(ipPacket({})), seconds }));
		expect(readAll(pcapFile(LINK_TYPE.EN10MB, records)).packets.map((packet) => packet.record.seconds)).toEqual([
			5, 1_795_164_754, 1_795_164_755,
		]);
	});

	test('what is no capture is counted', () => {
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
