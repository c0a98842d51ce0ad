import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { parseRelease } from './release-file.ts';

const sha256 = 'e6fbeb989c3a7e8b4f3ab5268738788bc7d013724625ae0915e19c6bcdffffad';

describe('a Release file', () => {
	test('promises files by path, by their SHA256 alone', () => {
		const text = [
			...['Suite: oldstable', 'Codename: bookworm', 'Acquire-By-Hash: yes'],
			...['MD5Sum:', ' d41d8cd98f00b204e9800998ecf8427e  480 main/binary-amd64/Packages.xz'],
			...['SHA256:', ` ${sha256}      480 main/binary-amd64/Packages.xz`, ` ${sha256} 0 main/empty`, ''],
		].join('\n');
		const { codename, byHash, files } = parseRelease(text);
		expect([codename, byHash]).toEqual(['bookworm', true]);
		expect([...files]).toEqual([
			['main/binary-amd64/Packages.xz', { sha256, size: 480 }],
			['main/empty', { sha256, size: 0 }],
		]);
	});

	test('may be anything: then it promises nothing', () => {
		expect(parseRelease('<html>404</html>')).toEqual({ codename: '', byHash: false, files: new Map() });
		expect(parseRelease('SHA256:\n 00 480 short\n').files.size).toBe(0);
		fc.assert(fc.property(fc.string(), (text) => expect(parseRelease(`SHA256:\n ${text}`).files.size).toBeLessThanOrEqual(1)));
	});
});
