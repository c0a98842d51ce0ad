import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { randomBlock, subnet } from './subnets.ts';

/** 198.18.0.0 to 198.18.254.255 in eights. */
const BLOCKS = 8_160;

const number = (address: string) => address.split('.').reduce((sum, octet) => sum * 256 + Number(octet), 0);
const networkOf = (cidr: string) => number(cidr.replace('/29', ''));
const start = fc.nat(BLOCKS - 1);

test('all blocks of a run are distinct, wherever it begins, until all have been used', () => {
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

	/** The blocks of which something is not so. */
	const but = (isSo: (block: (typeof blocks)[number]) => boolean) => blocks.filter((block) => !isSo(block));

	test('is a /29 of 198.18.0.0/15, which RFC 2544 sets apart', () => {
		expect(but(({ cidr }) => /^198\.18\.\d+\.\d+\/29$/.test(cidr))).toEqual([]);
		// The lowest three bits of a /29 are its hosts'.
		expect(but(({ cidr }) => networkOf(cidr) % 8 === 0)).toEqual([]);
		expect(
			but(({ cidr }) => networkOf(cidr) >= number('198.18.0.0') && networkOf(cidr) + 7 <= number('198.19.255.255')),
		).toEqual([]);
	});

	test('keeps away from 198.18.255.0/29, where docker-compose.yml has its hosts', () => {
		const own = number('198.18.255.0');
		expect(but(({ cidr }) => networkOf(cidr) + 7 < own || networkOf(cidr) > own + 7)).toEqual([]);
	});

	test('has the bridge at .1, the client at .2 and the server at .3', () => {
		expect(but(({ cidr, client }) => number(client.address) === networkOf(cidr) + 2)).toEqual([]);
		expect(but(({ cidr, server }) => number(server.address) === networkOf(cidr) + 3)).toEqual([]);
	});

	test('has MACs that are valid, of one machine, locally administered, and nobody else’s', () => {
		expect(but(({ client, server }) => [client, server].every(({ mac }) => /^02(:[0-9a-f]{2}){5}$/.test(mac)))).toEqual(
			[],
		);
		expect(new Set(blocks.flatMap(({ client, server }) => [client.mac, server.mac])).size).toBe(2 * BLOCKS);
	});
});

test('a MAC is made of its address', () => {
	// 198.18.0.2 is c6.12.00.02.
	expect(subnet(0, 0)).toEqual({
		cidr: '198.18.0.0/29',
		client: { address: '198.18.0.2', mac: '02:00:c6:12:00:02' },
		server: { address: '198.18.0.3', mac: '02:00:c6:12:00:03' },
	});
});

test('the last block is followed by the first', () => {
	expect(subnet(BLOCKS - 1, 0).cidr).toBe('198.18.254.248/29');
	expect(subnet(BLOCKS - 1, 1).cidr).toBe('198.18.0.0/29');
});

test('a run begins at any block that there is', () => {
	for (let times = 0; times < 1_000; times++) {
		const block = randomBlock();
		expect(Number.isInteger(block) && block >= 0 && block < BLOCKS).toBe(true);
	}
});
