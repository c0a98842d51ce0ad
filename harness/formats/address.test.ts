import { isIPv6 } from 'node:net';
import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { endpointText, ipv6Text, isAddress, mapped, unmapped } from './address.ts';

describe('an IPv6 address', () => {
	// RFC 5952, 4.2: the longest run of zeros, the first of several, and never a single group.
	test.each([
		['20010002000000000000000000000002', '2001:2::2'],
		['2001000200000000001a000000000003', '2001:2::1a:0:0:3'],
		['20010002000000000001000000000002', '2001:2::1:0:0:2'],
		['20010db8000000010001000100010001', '2001:db8:0:1:1:1:1:1'],
		['fe800000000000000000c6fffe120002', 'fe80::c6ff:fe12:2'],
		['00000000000000000000000000000000', '::'],
		['00000000000000000000000000000001', '::1'],
		['20010db8000000000000000000000000', '2001:db8::'],
	])('%s is %s', (hex, text) => {
		expect(ipv6Text(Buffer.from(hex, 'hex'))).toBe(text);
	});

	test('begins at an index', () => {
		expect(ipv6Text([9, 9, ...Buffer.from('20010002000000000000000000000002', 'hex')], 2)).toBe('2001:2::2');
	});

	test('stands for the same bytes as its text', () => {
		const group = fc.oneof(fc.constant(0), fc.integer({ min: 0, max: 0xffff }));
		fc.assert(
			fc.property(fc.array(group, { minLength: 8, maxLength: 8 }), (groups) => {
				const text = ipv6Text(groups.flatMap((one) => [one >> 8, one & 0xff]));
				const [before = '', after] = text.split('::');
				const words = (part = '') => part.split(':').filter(Boolean);
				const zeros = 8 - words(before).length - words(after).length;
				const read = [...words(before), ...Array(zeros).fill('0'), ...words(after)].map((word) =>
					Number.parseInt(word, 16),
				);
				expect(isIPv6(text)).toBe(true);
				expect(read).toEqual(groups);
			}),
		);
	});
});

test.each([
	['198.18.0.2', true],
	['2001:2::2', true],
	['::', true],
	['::ffff:198.18.0.2', true],
	['2001:2::g', false],
	['198.18.0', false],
	['', false],
])('%j is an address: %s', (text, expected) => {
	expect(isAddress(text)).toBe(expected);
});

test('a mapped address is read back', () => {
	expect(unmapped(mapped('198.18.0.2'))).toBe('198.18.0.2');
	expect(unmapped('2001:2::2')).toBe('2001:2::2');
});

test('an endpoint has its IPv6 address in brackets', () => {
	expect(endpointText({ address: '198.18.0.2', port: 80 })).toBe('198.18.0.2:80');
	expect(endpointText({ address: '2001:2::2', port: 80 })).toBe('[2001:2::2]:80');
});
