import { expect, test } from '@jest/globals';
import { chooseFamily } from './choose-family.ts';

test.each(['ipv4', 'ipv6', 'dual'])('%s is a family', (family) => {
	expect(chooseFamily(family)).toBe(family);
});

test('without a choice, hosts have IPv4', () => {
	// An empty variable is how a shell unsets one for a single command.
	expect(chooseFamily('')).toBe('ipv4');
});

test('another word is FAMILY_UNKNOWN, and the error names the families', () => {
	expect(() => chooseFamily('inet6')).toThrow(
		expect.objectContaining({
			code: 'FAMILY_UNKNOWN',
			seen: 'HALFOPEN_FAMILY=inet6',
			remedy: 'Set HALFOPEN_FAMILY to ipv4 or ipv6 or dual, or unset it.',
		}),
	);
});
