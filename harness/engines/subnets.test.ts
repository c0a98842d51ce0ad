import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { randomBlock, subnet } from './subnets.ts';

/** The number of /29 blocks from 198.18.0.0 to 198.18.254.255. */
const BLOCKS = 8_160;

const number = (address: string) => address.split('.').reduce((sum, octet) => sum * 256 + Number(octet), 0);
const networkOf = (cidr: string) => number(cidr.replace('/29', ''));
const start = fc.nat(BLOCKS - 1);

test('all blocks of a run are distinct, whatever its first block, until all have been used', () => {
	fc.assert(
		fc.property(start, (begin) => {
			const networks = Array.from({ length: BLOCKS }, (_, lab) => subnet(begin, lab).cidr);
			expect(new Set(networks).size).toBe(BLOCKS);
		}),
		{ numRuns: 5 },
	);
});

describe('every block', () => {
	const blocks = Array.from({ length: BLOCKS }, (_, lab) => subnet(0, lab));

	/** Returns the blocks for which a condition does not hold. */
	const exceptions = (holds: (block: (typeof blocks)[number]) => boolean) => blocks.filter((block) => !holds(block));

	test('is a /29 of 198.18.0.0/15, which RFC 2544 reserves', () => {
		expect(exceptions(({ cidr }) => /^198\.18\.\d+\.\d+\/29$/.test(cidr))).toEqual([]);
		// The lowest three bits of a /29 are its hosts'.
		expect(exceptions(({ cidr }) => networkOf(cidr) % 8 === 0)).toEqual([]);
		expect(
			exceptions(
				({ cidr }) => networkOf(cidr) >= number('198.18.0.0') && networkOf(cidr) + 7 <= number('198.19.255.255'),
			),
		).toEqual([]);
	});

	test('does not overlap with 198.18.255.0/29, which docker-compose.yml uses', () => {
		const own = number('198.18.255.0');
		expect(exceptions(({ cidr }) => networkOf(cidr) + 7 < own || networkOf(cidr) > own + 7)).toEqual([]);
	});

	test('has the client at .2 and the server at .3', () => {
		expect(exceptions(({ cidr, client }) => number(client.address) === networkOf(cidr) + 2)).toEqual([]);
		expect(exceptions(({ cidr, server }) => number(server.address) === networkOf(cidr) + 3)).toEqual([]);
	});

	test('has unique, unicast, locally administered MACs', () => {
		expect(
			exceptions(({ client, server }) => [client, server].every(({ mac }) => /^02(:[0-9a-f]{2}){5}$/.test(mac))),
		).toEqual([]);
		expect(new Set(blocks.flatMap(({ client, server }) => [client.mac, server.mac])).size).toBe(2 * BLOCKS);
	});
});

test('a MAC is derived from the address', () => {
	// 198.18.0.2 is c6.12.00.02.
	expect(subnet(0, 0)).toMatchObject({
		cidr: '198.18.0.0/29',
		client: { address: '198.18.0.2', ipv6: '2001:2::2', mac: '02:00:c6:12:00:02' },
		server: { address: '198.18.0.3', ipv6: '2001:2::3', mac: '02:00:c6:12:00:03' },
	});
});

test('IPv6 addresses are unique, and the /64 has the number of the block', () => {
	const addresses = Array.from({ length: BLOCKS }, (_, lab) => subnet(0, lab)).flatMap(({ client, server }) => [
		client.ipv6,
		server.ipv6,
	]);
	expect(new Set(addresses).size).toBe(2 * BLOCKS);
	// 26 is 0x1a. RFC 5180, 8: 2001:2::/48 is for benchmarks.
	expect(subnet(20, 6).client.ipv6).toBe('2001:2:0:1a::2');
});

test('a router divides a block: each host and the router’s interface to it have a /30', () => {
	const { client, server, router } = subnet(0, 1).routed;
	// 198.18.0.8/30 is .8 to .11, of which .9 and .10 are hosts; 198.18.0.12/30 is .12 to .15.
	expect([client, router.client].map(({ address }) => address)).toEqual(['198.18.0.10', '198.18.0.9']);
	expect([server, router.server].map(({ address }) => address)).toEqual(['198.18.0.14', '198.18.0.13']);
	expect(client).toEqual(subnet(0, 1).client);
	expect(server.mac).toBe(subnet(0, 1).server.mac);
});

test('the last block is followed by the first', () => {
	expect(subnet(BLOCKS - 1, 0).cidr).toBe('198.18.254.248/29');
	expect(subnet(BLOCKS - 1, 1).cidr).toBe('198.18.0.0/29');
});

test('the first block of a run is a valid block', () => {
	for (let times = 0; times < 1_000; times++) {
		const block = randomBlock();
		expect(Number.isInteger(block) && block >= 0 && block < BLOCKS).toBe(true);
	}
});
