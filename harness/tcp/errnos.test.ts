import { constants } from 'node:os';
import { describe, expect, test } from '@jest/globals';
import { ERRNOS, errnoName } from './errnos.ts';

describe('errnos', () => {
	const numbers: Readonly<Record<string, number>> = constants.errno;

	// The numbers are those of the hosts, which run Linux. Other systems have other numbers.
	(process.platform === 'linux' ? test : test.skip)('have the numbers of Linux', () => {
		const known = Object.entries(ERRNOS).filter(([name]) => name in numbers);
		expect(known.map(([name]) => [name, numbers[name]])).toEqual(known);
	});

	test('are complete: 41 and 58 are the numbers of aliases only (asm-generic/errno.h)', () => {
		const expected = Array.from({ length: 133 }, (_, index) => index + 1).filter(
			(number) => number !== 41 && number !== 58,
		);
		expect(Object.values(ERRNOS)).toEqual(expected);
		// Node also has the aliases.
		const aliases = ['EDEADLOCK', 'ENOTSUP', 'EWOULDBLOCK'];
		expect(Object.keys(constants.errno).filter((name) => !(name in ERRNOS) && !aliases.includes(name))).toEqual([]);
	});

	test('are found by their number', () => {
		for (const [name, number] of Object.entries(ERRNOS)) expect(errnoName(number)).toBe(name);
	});

	test('without a name keep their number: 512 and above are internal to the kernel (include/linux/errno.h)', () => {
		expect([errnoName(524), errnoName(9_999), errnoName(0)]).toEqual(['errno 524', 'errno 9999', 'errno 0']);
	});
});
