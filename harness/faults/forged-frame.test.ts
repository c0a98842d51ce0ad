import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { addressBytes, ipv6Text } from '../formats/address.ts';
import { LINK_TYPE, readPacket } from '../formats/link-layers.ts';
import { INJECTED_FLAGS } from '../tcp/flags.ts';
import { type ForgedSegment, forgedFrame } from './forged-frame.ts';

const MACS = { fromMac: '02:00:c6:12:00:03', toMac: '02:00:c6:12:00:02' };
const V4 = { from: { address: '198.18.0.3', port: 8080 }, to: { address: '198.18.0.2', port: 40_000 } };
const V6 = { from: { address: '2001:2::3', port: 8080 }, to: { address: '2001:2::2', port: 40_000 } };

/** Reads a frame as a capture on Ethernet would. */
function read(frame: Buffer) {
	const record = { seconds: 0, nanoseconds: 0, bytes: frame, originalLength: frame.length, littleEndian: true };
	return readPacket({ ...record, linkType: LINK_TYPE.EN10MB });
}

/** The sum of RFC 1071 over 16-bit words. It is 0xffff if the checksum in the bytes is right. */
function sum(bytes: readonly number[]): number {
	let total = 0;
	for (let at = 0; at < bytes.length; at += 2) total += ((bytes[at] ?? 0) << 8) | (bytes[at + 1] ?? 0);
	while (total > 0xffff) total = (total & 0xffff) + (total >>> 16);
	return total;
}

describe('a forged frame', () => {
	const numbers = fc.record({
		flags: fc.constantFrom(...INJECTED_FLAGS),
		seq: fc.integer({ min: 0, max: 0xffff_ffff }),
		ack: fc.integer({ min: 0, max: 0xffff_ffff }),
		window: fc.integer({ min: 0, max: 0xffff }),
		ipId: fc.integer({ min: 0, max: 0xffff }),
		data: fc.uint8Array({ maxLength: 33 }),
		ends: fc.constantFrom(V4, V6),
	});

	test('is read as the segment that was asked for, with right checksums', () => {
		fc.assert(
			fc.property(numbers, ({ ends, ...rest }) => {
				const segment: ForgedSegment = { ...MACS, ...ends, ...rest };
				const frame = forgedFrame(segment);
				const isV4 = ends === V4;
				const { flags, seq, ack, window, ipId, data } = segment;
				expect(read(frame)).toMatchObject({
					...{ kind: 'segment', ...ends, flags, seq, ack, window, length: data.length },
					// IPv6 has no identification.
					...(isV4 && { ipId }),
				});
				const ip = [...frame.subarray(14)];
				const header = isV4 ? 20 : 40;
				if (isV4) expect(sum(ip.slice(0, header))).toBe(0xffff);
				const tcp = ip.slice(header);
				const addresses = isV4 ? ip.slice(12, 20) : ip.slice(8, 40);
				expect(sum([...addresses, 0, 6, tcp.length >> 8, tcp.length & 0xff, ...tcp])).toBe(0xffff);
			}),
		);
	});
});

test('addressBytes is the inverse of the texts of addresses', () => {
	expect(addressBytes('198.18.0.2')).toEqual([198, 18, 0, 2]);
	const sixteen = fc.array(fc.constantFrom(0, 0, 1, 0x20, 0xff), { minLength: 16, maxLength: 16 });
	fc.assert(fc.property(sixteen, (bytes) => expect(addressBytes(ipv6Text(bytes))).toEqual(bytes)));
});
