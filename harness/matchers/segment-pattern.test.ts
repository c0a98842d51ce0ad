import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { HalfopenError } from '../errors.ts';
import {
	type MatchedPacket,
	matchSegments,
	type ParsedPattern,
	packetsFor,
	parsePattern,
	type SegmentPattern,
} from './segment-pattern.ts';

type Segment = Extract<MatchedPacket, { kind: 'segment' }>;

const segment = (more: Partial<Segment> = {}): Segment => ({
	kind: 'segment',
	host: 'client',
	flags: 'P.',
	length: 6,
	fate: 'delivered',
	...more,
});
const fits = (pattern: SegmentPattern, more: Partial<Segment> = {}) => parsePattern(pattern).fits(segment(more));

describe('a pattern', () => {
	test('has a direction: > is from client to server', () => {
		expect([fits('> P.'), fits('> P.', { host: 'server' }), fits('< P.'), fits('< P.', { host: 'server' })]).toEqual([
			true,
			false,
			false,
			true,
		]);
	});

	test.each(['S', 'S.', '.', 'P.', 'F.', 'FP.', 'R', 'R.', 'F', 'P', '.U', 'P.U', 'none'] as const)(
		'has all of the flags: %s',
		(flags) => {
			expect(fits(`> ${flags}`, { flags })).toBe(true);
			expect(fits(`> ${flags}`, { flags: flags === 'S' ? 'S.' : 'S' })).toBe(false);
		},
	);

	test('may have a length', () => {
		expect([
			fits('> P.', { length: 1_448 }),
			fits('> P. 6'),
			fits('> P. 7'),
			fits('> . 0', { flags: '.', length: 0 }),
		]).toEqual([true, true, false, true]);
	});

	test('matches any fate with `sent`, and only delivered segments without a fate', () => {
		for (const fate of ['delivered', 'dropped', 'unobserved', 'unknown'] as const) {
			expect([fate, fits('> P. 6 sent', { fate }), fits('> P. 6', { fate }), fits('> R sent', { fate })]).toEqual([
				fate,
				true,
				fate === 'delivered',
				false,
			]);
		}
	});

	test('has a fate: delivered, if none is given', () => {
		const dropped = { fate: 'dropped', by: 'drop-1' } as const;
		expect([fits('> P.', dropped), fits('> P. dropped', dropped), fits('> P. dropped by drop-1', dropped)]).toEqual([
			false,
			true,
			true,
		]);
		expect([fits('> P. dropped by drop-2', dropped), fits('> P. dropped'), fits('> P. unobserved', dropped)]).toEqual([
			false,
			false,
			false,
		]);
		expect([fits('> P. 6 unobserved', { fate: 'unobserved' }), fits('> P.', { fate: 'unobserved' })]).toEqual([
			true,
			false,
		]);
	});

	test.each<[SegmentPattern, number, number]>([
		['> S', 1, 1],
		['6x > P. unobserved', 6, 6],
		['1..3x > .', 1, 3],
		['0..1x > .', 0, 1],
		['2..x > P.', 2, Number.POSITIVE_INFINITY],
		['0x > S', 0, 0],
		['...', 0, Number.POSITIVE_INFINITY],
	])('has a count: %s is %d to %d', (pattern, least, most) => {
		expect(parsePattern(pattern)).toMatchObject({ least, most });
	});

	test('of dots matches anything', () => {
		expect(fits('...', { host: 'server', flags: 'none', fate: 'unobserved' })).toBe(true);
	});

	test.each([
		['', 'nothing'],
		['S', 'no direction'],
		['client S', 'a word for a direction'],
		['>', 'no flags'],
		['> SYN', 'the name of a flag'],
		['> .S', 'flags out of tcpdump’s order'],
		['> SS', 'a flag twice'],
		['> S  6', 'two blanks'],
		['> S -1', 'a negative length'],
		['> S 1e3', 'a length in another notation'],
		['> S lost', 'a fate that does not exist'],
		['> S dropped by', 'no name of a fault'],
		['> S unobserved by drop-1', 'a fault with a fate that has none'],
		['x > S', 'no number'],
		['-1x > S', 'a negative number'],
		['..3x > S', 'no least number'],
		['3..1x > S', 'a reversed range, which nothing can match'],
		['> S ', 'a blank at the end'],
		['....', 'a dot too many'],
	])('“%s” is refused: %s', (wrong) => {
		let seen: unknown;
		try {
			parsePattern(wrong);
		} catch (error) {
			seen = error;
		}
		expect(seen).toBeInstanceOf(HalfopenError);
		expect(seen).toMatchObject({ code: 'PATTERN_INVALID' });
		// The wrong text and an example.
		expect((seen as Error).message).toContain(`“${wrong}”`);
		expect((seen as Error).message).toContain('"6x > P. unobserved"');
	});

	test('that follows the syntax is parsed, and each of its parts restricts the match', () => {
		const parts = fc.record({
			least: fc.integer({ min: 0, max: 9 }),
			more: fc.option(fc.integer({ min: 0, max: 9 })),
			host: fc.constantFrom('client' as const, 'server' as const),
			flags: fc.constantFrom('S', 'S.', '.', 'P.', 'F.', 'R', 'none'),
			length: fc.option(fc.nat(65_535)),
			by: fc.option(fc.stringMatching(/^[a-z][a-z0-9-]{0,15}$/)),
		});
		fc.assert(
			fc.property(parts, ({ least, more, host, flags, length, by }) => {
				const words = [
					`${least}${more === null ? '' : `..${least + more}`}x`,
					host === 'client' ? '>' : '<',
					flags,
					...(length === null ? [] : [length]),
					...(by === null ? [] : [`dropped by ${by}`]),
				];
				const parsed = parsePattern(words.join(' '));
				expect(parsed).toMatchObject({ least, most: least + (more ?? 0) });
				const meant = segment({ host, flags, length: length ?? 77, ...(by === null ? {} : { fate: 'dropped', by }) });
				expect(parsed.fits(meant)).toBe(true);
				expect(parsed.fits({ ...meant, host: host === 'client' ? 'server' : 'client' })).toBe(false);
				expect(parsed.fits({ ...meant, fate: 'unobserved' })).toBe(false);
				expect(parsed.fits({ ...meant, length: meant.length + 1 })).toBe(length === null);
				expect(parsed.fits({ ...meant, by: 'another' })).toBe(by === null);
			}),
		);
	});
});

/** A simple but slow matcher: tries every count for the first pattern, and matches the rest recursively. */
function naive(segments: readonly Segment[], [pattern, ...others]: readonly ParsedPattern[]): boolean {
	if (!pattern) return segments.length === 0;
	for (let taken = 0; taken <= segments.length && taken <= pattern.most; taken++) {
		if (taken > 0 && !pattern.fits(segments[taken - 1] as Segment)) return false;
		if (taken >= pattern.least && naive(segments.slice(taken), others)) return true;
	}
	return false;
}

describe('segments', () => {
	const match = (segments: readonly Segment[], ...patterns: SegmentPattern[]) =>
		matchSegments(segments, patterns.map(parsePattern));
	const [syn, synAck, ack] = [
		segment({ flags: 'S' }),
		segment({ host: 'server', flags: 'S.' }),
		segment({ flags: '.' }),
	];

	test('match if the patterns describe all of them, in order', () => {
		expect(match([syn, synAck, ack], '> S', '< S.', '> .')).toBe(true);
		expect(match([syn, synAck, ack], '> S', '< S.')).toBe(false);
		expect(match([syn, synAck], '> S', '< S.', '> .')).toBe(false);
		expect(match([synAck, syn, ack], '> S', '< S.', '> .')).toBe(false);
		expect(match([])).toBe(true);
		expect(match([syn])).toBe(false);
	});

	test('may be any in the place of dots', () => {
		expect(match([syn, synAck, ack], '...', '> .')).toBe(true);
		expect(match([syn, synAck, ack], '> S', '...')).toBe(true);
		expect(match([], '...')).toBe(true);
		expect(match([syn, synAck, ack], '...', '< S.')).toBe(false);
	});

	test('that two patterns can match go to the one that needs them', () => {
		expect(match([ack, ack, ack], '1..3x > .', '> .')).toBe(true);
		expect(match([ack, ack, ack], '1..x > .', '2x > .')).toBe(true);
		expect(match([ack, ack, ack], '2..x > .', '2x > .')).toBe(false);
	});

	test('match exactly if the simple matcher finds a match', () => {
		const segments = fc.array(fc.constantFrom(syn, synAck, ack), { maxLength: 8 });
		const pattern = fc.constantFrom<SegmentPattern>(
			'...',
			'> S',
			'< S.',
			'> .',
			'2x > .',
			'0..1x > S',
			'1..x < S.',
			'0..x > .',
			'2..3x > S',
			'0x > .',
		);
		fc.assert(
			fc.property(segments, fc.array(pattern, { maxLength: 6 }), (given, patterns) => {
				const parsed = patterns.map(parsePattern);
				expect(matchSegments(given, parsed)).toBe(naive(given, parsed));
			}),
			{ numRuns: 1_000 },
		);
	});

	test('in large numbers are matched quickly, although there are many combinations', () => {
		const many = Array.from({ length: 500 }, () => ack);
		// CPU time, which does not depend on other processes.
		const before = process.cpuUsage();
		// There are 500 choose 10 combinations.
		expect(match(many, ...Array.from({ length: 10 }, () => '0..x > .' as const), '> S')).toBe(false);
		expect(process.cpuUsage(before).user / 1_000).toBeLessThan(2_000);
	});
});

describe('packets that no stack sent over the wire', () => {
	const reset = segment({ host: 'server', flags: 'R' });
	const forged = { ...reset, origin: 'firewall' } as const;
	/** A segment that the client's firewall sent to the client with the server's address. */
	const forgedAtHome = { ...forged, host: 'client', link: 'loopback' } as const;
	const toItself = segment({ flags: 'S', link: 'loopback' });
	const icmp: MatchedPacket = { kind: 'icmp', host: 'server', name: 'host-unreachable', fate: 'delivered' };
	const all = [segment(), reset, forged, forgedAtHome, toItself, icmp];
	const found = (...patterns: SegmentPattern[]) => packetsFor(all, patterns.map(parsePattern));

	test('do not match a pattern that only has flags', () => {
		expect(all.filter(parsePattern('< R').fits)).toEqual([reset]);
		expect(all.filter(parsePattern('> S').fits)).toEqual([]);
	});

	test('match `forged` if a firewall forged them, with the direction of their addresses', () => {
		expect(all.filter(parsePattern('< R forged').fits)).toEqual([forged, forgedAtHome]);
		expect(all.filter(parsePattern('> R forged').fits)).toEqual([]);
		expect(parsePattern('< R forged dropped by drop-1').fits({ ...forged, fate: 'dropped', by: 'drop-1' })).toBe(true);
	});

	test('match `injected` if a third party sent them, and count only if a pattern names them', () => {
		const injected = { ...reset, origin: 'injected' } as const;
		const seen = [...all, injected];
		expect(seen.filter(parsePattern('< R injected').fits)).toEqual([injected]);
		expect(seen.filter(parsePattern('< R').fits)).toEqual([reset]);
		expect(seen.filter(parsePattern('< R forged').fits)).toEqual([forged, forgedAtHome]);
		expect(packetsFor(seen, [parsePattern('< R')])).not.toContain(injected);
		expect(packetsFor(seen, [parsePattern('< R injected')])).toContain(injected);
		expect(() => parsePattern('< R 5 injected')).toThrow(expect.objectContaining({ code: 'PATTERN_INVALID' }));
	});

	test('match `icmp` with or without a name and a fate', () => {
		const fits = (pattern: SegmentPattern, more: object = {}) => parsePattern(pattern).fits({ ...icmp, ...more });
		expect([fits('< icmp host-unreachable'), fits('< icmp'), fits('> icmp'), fits('< icmp port-unreachable')]).toEqual([
			true,
			true,
			false,
			false,
		]);
		expect([
			fits('< icmp dropped by drop-1', { fate: 'dropped', by: 'drop-1' }),
			fits('< icmp unobserved'),
			fits('< icmp unknown'),
		]).toEqual([true, false, false]);
		expect(fits('< icmp host-unreachable unknown', { fate: 'unknown' })).toBe(true);
		expect(fits('< icmp type 3 code 99', { name: 'type 3 code 99' })).toBe(true);
		expect(parsePattern('13x < icmp port-unreachable')).toMatchObject({ least: 13, most: 13, subject: 'icmp' });
		expect(fits('< icmp', { link: 'loopback' })).toBe(false);
	});

	test('are refused in a pattern with an ICMP name that does not exist', () => {
		const wrong = () => parsePattern('< icmp host-unreachabel');
		expect(wrong).toThrow(expect.objectContaining({ code: 'OPTION_INVALID' }));
		expect(wrong).toThrow(/nearest: host-unreachable/);
	});

	test('count in a list only if one of its patterns is about them', () => {
		expect(found('> P.', '...')).toEqual([segment(), reset]);
		expect(found('> P.', '< R forged')).toEqual([segment(), reset, forged, forgedAtHome]);
		expect(found('> P.', '< icmp')).toEqual([segment(), reset, icmp]);
	});
});

test('a pattern can have the flags of ECN and Accurate ECN, as tcpdump prints them', () => {
	expect([
		fits('> SEW', { flags: 'SEW' }),
		fits('> SEWe', { flags: 'SEWe' }),
		fits('> SEW', { flags: 'SEWe' }),
	]).toEqual([true, true, false]);
});

test('an unknown fate matches `unknown` only', () => {
	expect([
		fits('> P. unknown', { fate: 'unknown' }),
		fits('> P.', { fate: 'unknown' }),
		fits('> P. unobserved', { fate: 'unknown' }),
	]).toEqual([true, false, false]);
});
