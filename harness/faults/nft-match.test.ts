import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { failureOf } from '../fixtures.ts';
import { nftMatch, parseWireMatch } from './nft-match.ts';
import type { SegmentMatch } from './segment-match.ts';

const translated = (match: SegmentMatch) => nftMatch(parseWireMatch(match), 'lost');

describe('the expression of nft', () => {
	test.each<[SegmentMatch, string]>([
		// All packets, ARP included.
		[{}, ''],
		[{ probability: 0.25 }, 'numgen random mod 1000000 <= 249999'],
		[{ sourceAddress: '198.18.0.0/29' }, 'meta l4proto tcp ip saddr 198.18.0.0/29'],
		[{ destinationAddress: '198.18.0.3' }, 'meta l4proto tcp ip daddr 198.18.0.3'],
		[{ sourceAddress: '2001:2::/64' }, 'meta l4proto tcp ip6 saddr 2001:2::/64'],
		[{ sourcePort: 1, destinationPort: 2 }, 'meta l4proto tcp tcp sport 1 tcp dport 2'],
		[{ tcpFlags: 'SYN,RST,ACK SYN,ACK' }, 'meta l4proto tcp tcp flags & 0x16 == 0x12'],
		[{ tcpFlags: 'ALL NONE' }, 'meta l4proto tcp tcp flags & 0x3f == 0x0'],
		[{ option: 'mptcp' }, 'meta l4proto tcp tcp option 30 exists'],
		[{ option: 254 }, 'meta l4proto tcp tcp option 254 exists'],
		// The first value is 0 (nft_ng_inc_eval in net/netfilter/nft_numgen.c), so the first segment matches.
		[{ every: 3 }, 'meta l4proto tcp numgen inc mod 3 0'],
		[
			{ every: 3, probability: 1, destinationPort: 7 },
			'meta l4proto tcp tcp dport 7 numgen inc mod 3 0 numgen random mod 1000000 <= 999999',
		],
	])('for %j is %s', (match, expression) => {
		expect(translated(match)).toEqual({ expression, sets: [] });
	});

	test('for the nth of a connection counts in sets, last', () => {
		const key = 'meta protocol . ether saddr . ether daddr . tcp sport . tcp dport';
		const { expression, sets } = translated({ nth: 3, destinationPort: 7 });
		expect(expression).toBe(
			`meta l4proto tcp tcp dport 7 add @lost-before { ${key} limit rate over 1/day burst 2 packets } ` +
				`add @lost-after { ${key} limit rate 1/day burst 1 packets }`,
		);
		expect(sets.map(({ name }) => name)).toEqual(['lost-before', 'lost-after']);
		// Nothing comes before the first.
		expect(translated({ nth: 1 }).sets.map(({ name }) => name)).toEqual(['lost-after']);
	});

	test('for a length is true for the packets with so much data, whatever their headers', () => {
		const inRange = (value: number, text = '') => {
			const [from = Number.NaN, to = from] = text.split('-').map(Number);
			return value >= from && value <= to;
		};
		const words = fc.integer({ min: 5, max: 15 });
		const lengths = fc.nat(1_500);
		fc.assert(
			fc.property(
				fc.record({ version: fc.constantFrom(4, 6), ipWords: words, tcpWords: words, low: fc.nat(15), data: lengths }),
				fc.oneof(lengths, fc.tuple(lengths, lengths)),
				({ version, ipWords, tcpWords, low, data }, wanted) => {
					const [a, b] = typeof wanted === 'number' ? [wanted, wanted] : wanted;
					const [atLeast, atMost] = [Math.min(a, b), Math.max(a, b)];
					const firstByte = (version << 4) | (version === 4 ? ipWords : low);
					const packet = (version === 4 ? 4 * ipWords : 40) + 4 * tcpWords + data;
					const { expression } = translated({ length: atLeast === atMost ? atLeast : { atLeast, atMost } });
					const [, elements = ''] =
						/^meta l4proto tcp @nh,0,8 \. @th,96,8 \. meta length \{ (.*) \}$/.exec(expression) ?? [];
					const matches = elements.split(', ').filter((element) => {
						const [first, offset, length] = element.split(' . ');
						return inRange(firstByte, first) && inRange((tcpWords << 4) | low, offset) && inRange(packet, length);
					});
					expect(matches).toHaveLength(data >= atLeast && data <= atMost ? 1 : 0);
				},
			),
		);
	});

	test('does not exist for a payload', async () => {
		expect(await failureOf(() => parseWireMatch({ payload: 'quit' }))).toMatchObject({
			code: 'OPTION_INVALID',
			problem: 'The wire cannot match by payload.',
		});
	});
});
