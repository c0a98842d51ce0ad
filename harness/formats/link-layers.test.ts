import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { cooked, ethernet, ipPacket, record } from './fixtures/packets.ts';
import { LINK_TYPE, readPacket } from './link-layers.ts';

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

	test('the payload begins after all options, and its length is that of the packet, not of the snapshot', () => {
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

	test('the padding of short Ethernet frames is not payload', () => {
		expect(readPacket(ethernet([...ipPacket({}), 0, 0, 0, 0, 0, 0]))).toMatchObject({ kind: 'segment', length: 0 });
	});

	test('if the length is left to segmentation offload, the length of the frame is used', () => {
		const packet = ipPacket({ totalLength: 0 });
		expect(readPacket({ ...ethernet(packet), originalLength: 14 + 40 + 100_000 })).toMatchObject({
			kind: 'segment',
			length: 100_000,
		});
	});

	test('options are parsed up to the first one that is malformed', () => {
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
		[ethernet([], 0x86dd), { what: 'undecodable: truncated IPv6 header' }],
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
		[record(LINK_TYPE.NFLOG, [10, 0, 0, 7, 5, 0, 9, 0, 0x60]), { what: 'undecodable: truncated IPv6 header' }],
		[record(147, [1]), { what: 'undecodable: link type 147' }],
	])('a packet that is not TCP has a name: %#', (frame, expected) => {
		expect(readPacket(frame)).toMatchObject({ kind: 'other', ...expected });
	});

	test('never throws, whatever the bytes', () => {
		const anyLinkType = fc.constantFrom(...Object.values(LINK_TYPE));
		const nearly = fc
			.tuple(fc.constantFrom(ethernet, cooked), fc.uint8Array({ maxLength: 80 }))
			.map(([frame, bytes]) => frame([0x45, ...bytes]));
		const nearlyIpv6 = fc
			.tuple(fc.constantFrom(6, 58, 0, 44, 60), fc.uint8Array({ minLength: 33, maxLength: 120 }))
			.map(([next, bytes]) => ethernet([0x60, 0, 0, 0, 0, 40, next, ...bytes], 0x86dd));
		const anything = fc
			.tuple(anyLinkType, fc.uint8Array({ maxLength: 120 }))
			.map(([linkType, bytes]) => record(linkType, bytes));
		fc.assert(
			fc.property(fc.oneof(nearly, nearlyIpv6, anything), (frame) => {
				const packet = readPacket(frame);
				expect(packet.t).toBe(1795164754.321058);
				if (packet.kind === 'segment') expect(packet.length).toBeGreaterThanOrEqual(0);
			}),
			{ numRuns: 1_000 },
		);
	});
});
