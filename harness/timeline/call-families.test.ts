import { expect, test } from '@jest/globals';
import { isCall } from './call-families.ts';

test('a call belongs to its family', () => {
	// A program may use any of these to read (read(2), recv(2), readv(2)).
	expect(['read', 'readv', 'recv', 'recvfrom', 'recvmsg'].every((name) => isCall(name, 'read'))).toBe(true);
	expect(isCall('accept4', 'accept')).toBe(true);
	expect(isCall('connect', 'connect')).toBe(true);
	expect(isCall('write', 'read')).toBe(false);
	expect(isCall('recvfrom', 'write')).toBe(false);
});
