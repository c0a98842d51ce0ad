import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { deadOwner } from './fixtures/owners.ts';
import { thisProcess } from './owner.ts';
import { assertRunIdentity, distinctRuns, isSameRun, runIdentity } from './run-identity.ts';

const owner = thisProcess();

describe('an identity from outside', () => {
	test.each(['mbx3k2p1e8f', 'a-test', 'mbx3k2p1e8f-sweep', '0'])('accepts the id %s', (id) => {
		expect(runIdentity({ id, owner, more: 'ignored' } as never)).toEqual({ id, owner });
	});

	test.each([
		...[
			'',
			'.',
			'..',
			'x/../../victim',
			'../victim',
			'/victim',
			'a/b',
			'a b',
			'a\nb',
			'a\0b',
			'a\n',
			'-rf',
			'a-',
			'a--b',
			'A',
			'$(x)',
			'a;b',
			'*',
			'é',
		],
		'a'.repeat(65),
		...[undefined, null, 7, {}, ['a']],
	])('rejects the id %j', (id) => {
		expect(runIdentity({ id, owner })).toBeUndefined();
		expect(() => assertRunIdentity({ id, owner })).toThrow('[RUN_INVALID]');
	});

	test.each([
		...[
			'',
			'by-hand',
			'machine:1',
			`${owner}:`,
			` ${owner}`,
			`${owner}\n`,
			owner.replace(/\d+$/, ''),
			owner.replace(/\d+$/, '-1'),
			owner.toUpperCase(),
		],
		...[undefined, 7],
	])('rejects the owner %j', (invalid) => {
		// An owner without hexadecimal letters is the same in upper case.
		if (invalid === owner) return;
		expect(runIdentity({ id: 'a', owner: invalid })).toBeUndefined();
	});

	test('every accepted id is safe in a path, a name or a command line', () => {
		fc.assert(
			fc.property(fc.oneof(fc.string(), fc.stringMatching(/^[a-z./ -]{1,8}$/)), (id) => {
				const accepted = runIdentity({ id, owner });
				expect(accepted === undefined || /^[a-z0-9][a-z0-9-]{0,63}$/.test(accepted.id)).toBe(true);
			}),
			{ numRuns: 2_000 },
		);
	});
});

test('runs with the same id and different owners are different runs', () => {
	const [ours, others] = [
		{ id: 'a', owner },
		{ id: 'a', owner: deadOwner() },
	];
	expect(isSameRun(ours, others)).toBe(false);
	expect(distinctRuns([ours, others, { ...ours }])).toEqual([ours, others]);
});
