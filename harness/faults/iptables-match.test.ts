import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { dataOf, HEADER_LENGTHS, headersOf } from './header-bpf.ts';
import { iptablesMatch } from './iptables-match.ts';
import { parseMatch, type SegmentMatch } from './segment-match.ts';

const translated = (match: SegmentMatch) => iptablesMatch(parseMatch(match), 'lost');

describe('the options of the jump to the chain of a fault', () => {
	test('for an empty match are those of any TCP packet', () => {
		expect(translated({})).toEqual({ words: ['-p', 'tcp'], unless: [] });
	});

	test.each<[SegmentMatch, string]>([
		[{ sourceAddress: '198.18.0.2' }, '-s 198.18.0.2'],
		[{ destinationAddress: '198.18.0.3' }, '-d 198.18.0.3'],
		[{ sourcePort: 1 }, '--sport 1'],
		[{ destinationPort: 65_535 }, '--dport 65535'],
		[{ tcpFlags: 'FIN FIN' }, '--tcp-flags FIN FIN'],
		[{ tcpFlags: 'SYN,RST,ACK SYN,ACK' }, '--tcp-flags SYN,RST,ACK SYN,ACK'],
		[{ tcpFlags: ' SYN\tNONE ' }, '--tcp-flags SYN NONE'],
		[{ tcpFlags: 'ALL NONE' }, '--tcp-flags SYN,ACK,FIN,RST,URG,PSH NONE'],
		[{ tcpFlags: 'ALL ALL' }, '--tcp-flags SYN,ACK,FIN,RST,URG,PSH SYN,ACK,FIN,RST,URG,PSH'],
		[{ option: 'sackOK' }, '--tcp-option 4'],
		[{ option: 253 }, '--tcp-option 253'],
		[{ length: 0 }, `-m bpf --bytecode "${dataOf({ atLeast: 0, atMost: 0 })}"`],
		[{ length: { atLeast: 100 } }, `-m bpf --bytecode "${dataOf({ atLeast: 100, atMost: 65_535 })}"`],
		[{ length: { atMost: 99 } }, `-m bpf --bytecode "${dataOf({ atLeast: 0, atMost: 99 })}"`],
	])('for %j are %s', (match, words) => {
		const { words: translation, unless } = translated(match);
		expect(translation.join(' ')).toBe(`-p tcp ${words}`);
		expect(unless).toEqual([]);
	});

	test('for any flags have them all', () => {
		const flags = ['SYN', 'ACK', 'FIN', 'RST', 'URG', 'PSH'];
		const lists = fc
			.subarray(flags, { minLength: 1 })
			.chain((mask) => fc.subarray(mask).map((set) => [mask.join(), set.length === 0 ? 'NONE' : set.join()]));
		fc.assert(
			fc.property(lists, (words) =>
				expect(translated({ tcpFlags: words.join(' ') }).words).toEqual(['-p', 'tcp', '--tcp-flags', ...words]),
			),
		);
	});
});

describe('the first rules of the chain', () => {
	const rules = (match: SegmentMatch) => translated(match).unless.map((words) => words.join(' '));

	test.each<[SegmentMatch, string[]]>([
		[{ every: 3 }, ['-m statistic --mode nth ! --every 3 --packet 0']],
		[{ probability: 0.25 }, ['-m statistic --mode random ! --probability 0.25']],
		[
			{ every: 2, probability: 0.5 },
			['-m statistic --mode nth ! --every 2 --packet 0', '-m statistic --mode random ! --probability 0.5'],
		],
	])('for %j return all others', (match, expected) => {
		expect(rules(match)).toEqual(expected);
	});

	test('for a payload search the data behind headers of each length, and nothing else', () => {
		expect(rules({ payload: 'quit' })).toEqual(
			HEADER_LENGTHS.map(
				(length) =>
					`-m bpf --bytecode "${headersOf(length)}" -m string ! --hex-string |71756974| --algo kmp --from ${length}`,
			),
		);
	});

	test('for the nth of a connection take away one before it at a time, then those after it', () => {
		const hashlimit = (name: string, which: string) =>
			`-m hashlimit --hashlimit-name ${name} --hashlimit-mode srcip,srcport,dstip,dstport --hashlimit-${which} 1/day ` +
			'--hashlimit-burst 1 --hashlimit-htable-size 256 --hashlimit-htable-max 1000000 ' +
			'--hashlimit-htable-expire 1000000000';
		expect(rules({ nth: 1 })).toEqual([hashlimit('lost-1', 'above')]);
		expect(rules({ nth: 3 })).toEqual([
			hashlimit('lost-1', 'upto'),
			hashlimit('lost-2', 'upto'),
			hashlimit('lost-3', 'above'),
		]);
	});

	test('count last, so that they count only packets with all other properties', () => {
		expect(rules({ payload: 'quit', nth: 1 }).at(-1)).toContain('hashlimit');
		expect(rules({ payload: 'quit', every: 2 }).at(-1)).toContain('statistic');
	});

	test('have any payload in hexadecimal, so that it needs no quotes', () => {
		fc.assert(
			fc.property(fc.uint8Array({ minLength: 1, maxLength: 128 }), (payload) => {
				const [, pattern = ''] = /\|([0-9a-f]+)\|/.exec(rules({ payload })[0] ?? '') ?? [];
				expect([...Buffer.from(pattern, 'hex')]).toEqual([...payload]);
			}),
		);
	});
});
