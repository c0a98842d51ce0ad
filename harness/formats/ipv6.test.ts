import { describe, expect, test } from '@jest/globals';
import { FROM, fragment, icmpv6, ipv6Packet, NEXT, options, TO, tcp } from './fixtures/ipv6-packets.ts';
import { ethernet } from './fixtures/packets.ts';
import { isSameIcmp } from './icmpv6.ts';
import { readIpv6 } from './ipv6.ts';
import { readPacket } from './link-layers.ts';

const AT = { t: 1.5, direction: 'out' } as const;
const read = (packet: readonly number[], shown = packet.length) =>
	readIpv6(AT, Uint8Array.from(packet.slice(0, shown)), packet.length);

describe('a TCP segment over IPv6', () => {
	test('has the flow label in place of an identification', () => {
		expect(read(ipv6Packet(NEXT.tcp, tcp(700)), 128)).toEqual({
			kind: 'segment',
			...AT,
			from: { address: FROM, port: 51080 },
			to: { address: TO, port: 8080 },
			flags: 'P.',
			seq: 4_000_000_000,
			ack: 7,
			window: 64,
			length: 700,
			ipId: 0xa_bcde,
			options: { timestamp: { value: 5, echo: 6 } },
		});
	});

	// RFC 8200, 4.1: the order in which extension headers are recommended.
	test('is found behind extension headers', () => {
		const extensions = [...options(NEXT.destination), ...options(NEXT.fragment, 3), ...fragment(NEXT.tcp, 0)];
		expect(read(ipv6Packet(NEXT.hopByHop, [...extensions, ...tcp(9)]))).toMatchObject({
			kind: 'segment',
			flags: 'P.',
			length: 9,
		});
	});

	test('has the length of the frame if segmentation offload will fill in its own', () => {
		const packet = ipv6Packet(NEXT.tcp, tcp(), { length: 0 });
		expect(readIpv6(AT, Uint8Array.from(packet), 40 + 32 + 100_000)).toMatchObject({ length: 100_000 });
	});

	test('is the same in an Ethernet frame', () => {
		expect(readPacket(ethernet(ipv6Packet(NEXT.tcp, tcp(3)), 0x86dd))).toMatchObject({ kind: 'segment', length: 3 });
	});
});

describe('an ICMPv6 message', () => {
	const quotes = {
		from: { address: FROM, port: 51080 },
		to: { address: TO, port: 8080 },
		seq: 4_000_000_000,
	};
	const message = (type: number, code: number, rest = 0, body: readonly number[] = ipv6Packet(NEXT.tcp, tcp())) =>
		read(ipv6Packet(NEXT.icmp, icmpv6(type, code, rest, body)));

	test.each([
		[1, 0, 'no-route'],
		[1, 1, 'communication-prohibited'],
		[1, 3, 'address-unreachable'],
		[1, 4, 'port-unreachable'],
		[3, 0, 'ttl-zero-during-transit'],
		[1, 99, 'type 1 code 99'],
	])('of type %d and code %d is %s and quotes the segment', (type, code, name) => {
		const expected = { kind: 'icmp', ...AT, from: FROM, to: TO, ipId: 0xa_bcde, type, code, name, rest: 0, quotes };
		expect(message(type, code)).toEqual(expected);
	});

	test('that asks for smaller packets has the MTU in all four bytes (RFC 4443, 3.2)', () => {
		expect(message(2, 0, 66_000)).toMatchObject({ name: 'packet-too-big', mtu: 66_000, quotes });
	});

	test('that is an echo request quotes nothing', () => {
		expect(message(128, 0, 0x1_0002, [])).toMatchObject({ kind: 'icmp', name: 'echo-request' });
		expect(message(128, 0, 0x1_0002)).not.toHaveProperty('quotes');
	});

	test.each([
		['UDP', ipv6Packet(NEXT.udp, tcp())],
		['a later fragment, which has no ports', ipv6Packet(NEXT.fragment, [...fragment(NEXT.tcp, 185), ...tcp()])],
		['less than the ports and the sequence number', ipv6Packet(NEXT.tcp, tcp().slice(0, 7))],
		['no IPv6 header', ipv6Packet(NEXT.tcp, tcp()).slice(0, 39)],
		['another version of IP', [0x45, ...ipv6Packet(NEXT.tcp, tcp()).slice(1)]],
	])('that quotes %s is parsed without the quote', (_what, body) => {
		expect(message(1, 4, 0, body)).toMatchObject({ kind: 'icmp', name: 'port-unreachable' });
		expect(message(1, 4, 0, body)).not.toHaveProperty('quotes');
	});
});

describe('is named, but not decoded:', () => {
	test.each([
		['neighbour discovery', ipv6Packet(NEXT.icmp, icmpv6(135, 0, 0)), 'neighbour-solicitation'],
		['its answer', ipv6Packet(NEXT.icmp, icmpv6(136, 0, 0)), 'neighbour-advertisement'],
		['a search for routers', ipv6Packet(NEXT.icmp, icmpv6(133, 0, 0)), 'router-solicitation'],
		[
			'a report of multicast groups',
			ipv6Packet(NEXT.hopByHop, [...options(NEXT.icmp), ...icmpv6(143, 0, 1)]),
			'multicast listener',
		],
		['a later fragment', ipv6Packet(NEXT.fragment, [...fragment(NEXT.tcp, 185), ...tcp()]), 'ip fragment'],
		['another protocol', ipv6Packet(NEXT.udp, []), 'udp'],
		['no payload', ipv6Packet(NEXT.none, []), 'ip protocol 59'],
		['less than a header', ipv6Packet(NEXT.tcp, []).slice(0, 39), 'undecodable: truncated IPv6 header'],
		['another version', ipv6Packet(NEXT.tcp, tcp()).with(0, 0x45), 'undecodable: IP version 4'],
		['part of an extension header', ipv6Packet(NEXT.hopByHop, [6, 0]), 'undecodable: truncated IPv6 extension header'],
		[
			'a length below its headers',
			ipv6Packet(0, options(6), { length: 4 }),
			'undecodable: IPv6 packet shorter than its headers',
		],
		['part of a TCP header', ipv6Packet(NEXT.tcp, tcp().slice(0, 19)), 'undecodable: truncated TCP header'],
		['part of an ICMPv6 header', ipv6Packet(NEXT.icmp, [1, 0, 0]), 'undecodable: truncated ICMPv6 header'],
	])('%s', (_name, packet, what) => {
		expect(read(packet)).toMatchObject({ kind: 'other', what });
	});
});

describe('the names of an error in both versions', () => {
	// The errno that TCP gets: icmp_err_convert (net/ipv4/icmp.c) and icmpv6_err_convert (net/ipv6/icmp.c).
	test.each([
		['host-unreachable', 'address-unreachable'],
		['network-unreachable', 'no-route'],
		['fragmentation-needed', 'packet-too-big'],
		['port-unreachable', 'port-unreachable'],
	])('%s is %s', (one, other) => {
		expect([isSameIcmp(one, other), isSameIcmp(other, one)]).toEqual([true, true]);
	});

	test('are not confused with others', () => {
		expect(isSameIcmp('host-unreachable', 'no-route')).toBe(false);
		expect(isSameIcmp('host-unreachable', 'port-unreachable')).toBe(false);
	});
});
