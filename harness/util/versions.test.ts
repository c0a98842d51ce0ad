import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { compareVersions, isAtLeast } from './versions.ts';

const sign = (a: string, b: string) => Math.sign(compareVersions(a, b));
/** Arbitrary versions of Debian packages. */
const versions = fc
	.tuple(
		fc.option(fc.nat(2), { nil: undefined }),
		fc.stringMatching(/^\d[A-Za-z0-9.+~]{0,8}$/),
		fc.option(fc.stringMatching(/^[a-z0-9.+~]{1,6}$/), { nil: undefined }),
	)
	.map(
		([epoch, upstream, revision]) =>
			`${epoch === undefined ? '' : `${epoch}:`}${upstream}${revision === undefined ? '' : `-${revision}`}`,
	);

describe('of two versions the older one', () => {
	test.each([
		['6.1.9-1', '6.1.176-1', 'by numbers, not by digits'],
		['6.1.176-1', '6.1.176-2', 'by the revision'],
		['6.1.176-1', '1:5.10-1', 'by the epoch before all else'],
		['7.2~rc1-1', '7.2-1', 'before its release'],
		['7.2.12-1~bpo13+1', '7.2.12-1', 'as a backport before what it was made of'],
		['7.2.12-1~bpo13+1', '7.2.12-1~bpo13+2', 'as the earlier backport'],
		['6.12.94-1', '6.12.107-1', 'by numbers, not by digits'],
		['1.0', '1.0a', 'as the shorter one'],
		['1.0a', '1.0+', 'letters before other signs'],
		['1.0~~', '1.0~~a', 'as the shorter one, also after ~'],
		['1.0~~a', '1.0~', 'the one with more of ~'],
		['1.0~', '1.0', 'by ~, even before the end'],
	])('is %s, not %s: %s', (older, newer) => {
		expect([sign(older, newer), sign(newer, older)]).toEqual([-1, 1]);
	});

	test('does not exist if they are equal', () => {
		expect(sign('6.1.176-1', '0:6.1.176-1')).toBe(0);
		expect(sign('1.01', '1.1')).toBe(0);
		expect(sign('1.0', '1.0-0')).toBe(0);
	});

	test('is the same if they are swapped', () => {
		fc.assert(fc.property(versions, versions, (a, b) => expect(sign(a, b) + sign(b, a)).toBe(0)));
	});

	test('is older than everything that the other one is older than', () => {
		fc.assert(
			fc.property(fc.array(versions, { minLength: 3, maxLength: 3 }), (some) => {
				const [a = '', b = '', c = ''] = some.sort(compareVersions);
				expect([sign(a, b), sign(b, c), sign(a, c)].filter((order) => order > 0)).toEqual([]);
			}),
		);
	});

	test('is defined for any text', () => {
		fc.assert(fc.property(fc.string(), fc.string(), (a, b) => expect(Number.isNaN(compareVersions(a, b))).toBe(false)));
	});
});

test.each([
	['6.1.0-50-cloud-amd64', '6.1', true],
	['6.1.0-50-cloud-amd64', '5.14', true],
	['6.1.0-50-cloud-amd64', '6.5', false],
	['6.12.107+deb13-cloud-amd64', '6.5', true],
	['5.10.0-32-cloud-amd64', '5.14', false],
	['7.2.12', '6.18', true],
	['7.0-rc1', '7.0', true],
	['7.0-rc1', '7.1', false],
] as const)('%s is at least %s: %s', (release, version, is) => {
	expect(isAtLeast(release, version)).toBe(is);
});
