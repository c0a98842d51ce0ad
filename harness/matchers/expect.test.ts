import { describe, expect as jestExpect, test } from '@jest/globals';
import { HalfopenError } from '../errors.ts';
import { failureOf, fakeContext } from '../fixtures.ts';
import { Timeline } from '../lab/timeline-queries.ts';
import { FakePeer } from '../peers/fixtures.ts';
import { SocketCall } from '../peers/socket-call.ts';
import { expect } from './expect.ts';

/** Matchers without their types, as a spec in JavaScript calls them. */
type AnyMatchers = Record<string, (...args: readonly unknown[]) => unknown>;

const matchersOf = (actual: unknown) => expect(actual) as unknown as AnyMatchers;
const call = () =>
	SocketCall.make(
		new FakePeer(),
		{ name: 'recv', args: '3' },
		() => new Promise<{ returned: 0; t: 0; took: 0 }>(() => {}),
	);

/** The values of a lab that have matchers, except a host, which needs an engine. */
const VALUES = {
	peer: () => new FakePeer(),
	call,
	timeline: () => new Timeline(fakeContext()),
} as const;

describe('a matcher of a lab on a value of another kind', () => {
	test.each<[keyof typeof VALUES, string]>([
		['peer', 'toShowSegments'],
		['peer', 'toHaveSocket'],
		['call', 'toPrint'],
		['timeline', 'toHaveEnded'],
		['timeline', 'toBlock'],
	])('%s: %s is MATCHER_UNKNOWN, with the matchers that it has', (value, matcher) => {
		jestExpect(() => matchersOf(VALUES[value]())[matcher]?.()).toThrow(
			jestExpect.objectContaining({ code: 'MATCHER_UNKNOWN', seen: jestExpect.stringContaining('nearest: to') }),
		);
	});

	test.each<[string, unknown, string]>([
		['toPrint', 5, 'a number'],
		['toHaveSocket', undefined, 'undefined'],
		['toShowSegments', null, 'null'],
		['toReturn', 'text', 'a string'],
		['toStaySilent', {}, 'an object of class Object'],
		['toShowGaps', new Map(), 'an object of class Map'],
		['toShowSegments', Object.create(null), 'an object of class null'],
	])('%s of %p is MATCHER_UNKNOWN: the error names its owner and the value', (matcher, value, described) => {
		for (const expectation of [matchersOf(value), matchersOf(value).not, matchersOf(value).resolves])
			jestExpect(() => (expectation as unknown as AnyMatchers)[matcher]?.('x')).toThrow(
				jestExpect.objectContaining({
					code: 'MATCHER_UNKNOWN',
					seen: `expect was called with ${described}`,
					remedy: jestExpect.stringMatching(/is a matcher of (a peer|a call|a host|the timeline)/),
				}),
			);
	});

	test('a promise of a peer is to be awaited first', () => {
		jestExpect(() => matchersOf(Promise.resolve(new FakePeer())).toPrint?.('x')).toThrow(
			jestExpect.objectContaining({
				code: 'MATCHER_UNKNOWN',
				seen: 'expect was called with a promise',
				remedy: 'Await the promise first: toPrint is a matcher of a peer.',
			}),
		);
	});

	test('toHaveReturned with arguments is the peer’s matcher; without, it is Jest’s', () => {
		jestExpect(() => matchersOf(5).toHaveReturned?.('read', 0)).toThrow(
			jestExpect.objectContaining({ code: 'MATCHER_UNKNOWN' }),
		);
		jestExpect(() => matchersOf(5).toHaveReturned?.()).toThrow('mock');
	});
});

describe('a value that is not of a lab', () => {
	test('has Jest’s matchers, with not, resolves and rejects', async () => {
		expect(5).toBe(5);
		expect(5).not.toBe(6);
		expect({ a: 1 }).toEqual({ a: expect.any(Number) });
		await expect(Promise.resolve(5)).resolves.toBe(5);
		await expect(Promise.reject(new Error('no'))).rejects.toThrow('no');
		jestExpect(() => expect(5).toBe(6)).toThrow('Object.is');
	});
});

describe('arguments that a matcher cannot take are refused with a HalfopenError', () => {
	const peer: [string, readonly unknown[]][] = [
		['toHaveReturned', []],
		['toHaveReturned', ['read', '5']],
		['toHaveReturned', ['read', 5, null]],
		['toFail', ['read', 'ECONRESET']],
		['toBlockIn', ['reads']],
		['toPrint', [5]],
		['toHaveEnded', [{}]],
		['toStaySilent', []],
	];
	const ofCall: [string, readonly unknown[]][] = [
		['toReturn', ['5']],
		['toFailWith', []],
		['toBlock', [null]],
		['toBlock', [{ forMs: 0 }]],
	];
	const timeline: [string, readonly unknown[]][] = [
		['toShowSegments', [5]],
		['toShowSegment', []],
		['toShowNoSegment', [null]],
		['toRetransmit', ['> S', 5]],
		['toShowGaps', ['> S']],
		['toStaySilent', [{ forMs: 1 }, 5]],
		['toStaySilent', []],
	];

	test.each([
		...peer.map((row) => ['peer', ...row] as const),
		...ofCall.map((row) => ['call', ...row] as const),
		...timeline.map((row) => ['timeline', ...row] as const),
	])('%s: %s(%j)', async (value, matcher, args) => {
		const failure = await failureOf(async () => matchersOf(VALUES[value]())[matcher]?.(...args));
		jestExpect(failure).toBeInstanceOf(HalfopenError);
		jestExpect((failure as HalfopenError).code).toMatch(/^(OPTION|PATTERN)_INVALID$/);
	});
});
