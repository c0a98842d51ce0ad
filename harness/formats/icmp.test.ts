import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { icmpName, readIcmp } from './icmp.ts';

const uint16 = (value: number) => [(value >> 8) & 255, value & 255];
const uint32 = (value: number) => [...uint16(value >>> 16), ...uint16(value)];

/** The first 28 bytes of a packet, as an ICMP error quotes them. */
function quoted({ protocol = 6, fragment = 0, ihl = 5 } = {}): number[] {
	const ip = [
		0x40 | ihl,
		0,
		...uint16(1_500),
		...uint16(7),
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
	];
	return [...ip, ...Array<number>((ihl - 5) * 4).fill(1), ...uint16(51080), ...uint16(8080), ...uint32(4_000_000_000)];
}

const message = (type: number, code: number, rest: number, body: readonly number[] = quoted()) =>
	readIcmp(Uint8Array.from([type, code, 0, 0, ...uint32(rest), ...body]));

const quotes = {
	from: { address: '10.0.0.1', port: 51080 },
	to: { address: '10.0.0.2', port: 8080 },
	seq: 4_000_000_000,
};

describe('an ICMP message', () => {
	test('about a rejected segment quotes it', () => {
		expect(message(3, 1, 0)).toEqual({ type: 3, code: 1, name: 'host-unreachable', rest: 0, quotes });
		expect(message(11, 0, 0, quoted({ ihl: 6 }))).toMatchObject({ name: 'ttl-zero-during-transit', quotes });
	});

	test('that asks for smaller packets has the MTU of the next hop (RFC 1191, 4)', () => {
		expect(message(3, 4, 1_400)).toMatchObject({ name: 'fragmentation-needed', mtu: 1_400, quotes });
	});

	test('that is an echo request quotes nothing', () => {
		const echo = message(8, 0, 0x0001_0002);
		expect(echo).toEqual({ type: 8, code: 0, name: 'echo-request', rest: 0x0001_0002 });
	});

	test.each([
		['UDP', quoted({ protocol: 17 })],
		['a later fragment, which has no ports', quoted({ fragment: 185 })],
		['less than the 8 bytes of a segment that RFC 792 requires', quoted().slice(0, 27)],
		['no IP header', quoted().slice(0, 19)],
		['another version of IP', [0x65, ...quoted().slice(1)]],
		['an IP header that is too short', [0x44, ...quoted().slice(1)]],
	])('that quotes %s is parsed without the quote', (_what, body) => {
		expect(message(3, 3, 0, body)).toEqual({ type: 3, code: 3, name: 'port-unreachable', rest: 0 });
	});

	test('without a name in iptables(8) is named by its numbers', () => {
		expect([icmpName(3, 99), icmpName(42, 0), icmpName(13, 0)]).toEqual([
			'type 3 code 99',
			'type 42 code 0',
			'timestamp-request',
		]);
	});

	test('of arbitrary bytes is parsed or refused, and nothing is thrown', () => {
		const nearly = fc
			.uint8Array({ maxLength: 64 })
			.map((bytes) => Uint8Array.from([3, 4, 0, 0, 0, 0, 0, 0, 0x45, ...bytes]));
		fc.assert(
			fc.property(fc.oneof(nearly, fc.uint8Array({ maxLength: 80 })), (bytes) => {
				const read = readIcmp(bytes);
				if (bytes.length < 8) expect(read).toBe('truncated ICMP header');
				else expect(read).toMatchObject({ type: bytes[0], code: bytes[1] });
			}),
		);
	});
});
