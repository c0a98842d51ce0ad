import { describe, expect, test } from '@jest/globals';
import { addressOf, networkEnd, prefixLengthOf, versionOf, versionsIn } from './family.ts';

const HOST = { address: '198.18.0.2', ipv6: '2001:2::2', mac: '02:00:c6:12:00:02' };

test.each([
	['ipv4', ['198.18.0.2']],
	['ipv6', ['2001:2::2']],
	// Peers use the first.
	['dual', ['198.18.0.2', '2001:2::2']],
] as const)('a host of the family %s has %j', (family, addresses) => {
	const end = networkEnd(family, HOST);
	expect(end).toEqual({ addresses, mac: HOST.mac });
	expect(addressOf(end)).toBe(addresses[0]);
	expect(end.addresses.map(versionOf)).toEqual(versionsIn(family));
});

describe('the address of a version', () => {
	test('is found if the host has both', () => {
		expect(addressOf(networkEnd('dual', HOST), 'ipv6')).toBe('2001:2::2');
	});

	test('is FAMILY_UNAVAILABLE if the host has only the other', () => {
		expect(() => addressOf(networkEnd('ipv6', HOST), 'ipv4')).toThrow(
			expect.objectContaining({ code: 'FAMILY_UNAVAILABLE', seen: '2001:2::2' }),
		);
	});
});

test('the prefix of a block is a /29 or a /64', () => {
	expect([HOST.address, HOST.ipv6].map((address) => prefixLengthOf(address))).toEqual([29, 64]);
});
