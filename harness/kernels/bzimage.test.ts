import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { releaseOfImage } from './bzimage.ts';

function imageOf(version: string, at = 0x1000): Buffer {
	const head = Buffer.alloc(at + 512);
	head.write('HdrS', 0x202);
	head.writeUInt16LE(at - 0x200, 0x20e);
	head.write(`${version}\0`, at);
	return head;
}

describe('the release in a bzImage', () => {
	test('is the first word of its version', () => {
		expect(releaseOfImage(imageOf('6.1.0-50-cloud-amd64 (debian-kernel@lists.debian.org) #1 SMP'))).toBe(
			'6.1.0-50-cloud-amd64',
		);
		expect(releaseOfImage(imageOf('7.2.12+deb13-cloud-amd64'))).toBe('7.2.12+deb13-cloud-amd64');
	});

	test('is undefined without a valid header or version', () => {
		expect(releaseOfImage(Buffer.from('\x7fELF'))).toBeUndefined();
		expect(releaseOfImage(Buffer.alloc(4096))).toBeUndefined();
		expect(releaseOfImage(imageOf(''))).toBeUndefined();
		expect(releaseOfImage(imageOf('../../etc/passwd'))).toBeUndefined();
	});

	test('is searched in any bytes without an exception', () => {
		fc.assert(
			fc.property(fc.uint8Array({ maxLength: 0x400 }), fc.nat(0x400), (bytes, end) => {
				releaseOfImage(Buffer.from(bytes));
				releaseOfImage(imageOf('6.1.0').subarray(0, 0x210 + end));
			}),
		);
	});
});
