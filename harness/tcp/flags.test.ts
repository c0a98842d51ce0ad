import { expect, test } from '@jest/globals';
import { FLAG_BITS } from './flags.ts';

test('flags are in tcpdump’s order, each with its bit in the header', () => {
	// FIN is the lowest bit of the octet, CWR the highest (RFC 9293, 3.1); AE is the lowest bit of the octet before (RFC
	// 9768, 3.1.1).
	expect(FLAG_BITS.map(([letter]) => letter).join('')).toBe('FSRP.UEWe');
	expect(FLAG_BITS.map(([, bit]) => bit)).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8].map((place) => 1 << place));
});
