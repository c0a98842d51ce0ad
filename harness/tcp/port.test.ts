import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { assertPort } from './port.ts';

test('ports from 1 to 65535 are accepted', () => {
	fc.assert(fc.property(fc.integer({ min: 1, max: 65_535 }), (port) => expect(assertPort(port)).toBe(port)));
});
