import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { parsePackages } from './packages.ts';

const text = `Package: linux-image-7.2.12-cloud-amd64
Source: linux-signed-amd64 (7.2.12+1)
Version: 7.2.12-1
Pre-Depends: linux-base (>= 4.17~)
Depends: dracut | initramfs-tools (>= 0.120) | linux-initramfs-tool, linux-base-7.2.12-cloud-amd64 (= 7.2.12-1), linux-modules-7.2.12-cloud-amd64:any (= 7.2.12-1),
 either (= 1) | other (= 1)
Filename: pool/main/l/linux/linux-image.deb
Size: 1924
SHA256: 99a5

Package: zsh
Version: 5.9-4
Filename: pool/main/z/zsh/zsh.deb
Size: 1000
SHA256: 0000
`;

describe('an index of packages', () => {
	test('returns the packages whose names have the prefix, with their dependencies on one exact version', () => {
		expect(parsePackages(text, 'linux-')).toEqual([
			{
				name: 'linux-image-7.2.12-cloud-amd64',
				version: '7.2.12-1',
				size: 1924,
				exact: [
					{ name: 'linux-base-7.2.12-cloud-amd64', version: '7.2.12-1' },
					{ name: 'linux-modules-7.2.12-cloud-amd64', version: '7.2.12-1' },
				],
			},
		]);
		expect(parsePackages(text, '').map(({ name, exact }) => [name, exact.length])).toEqual([
			['linux-image-7.2.12-cloud-amd64', 2],
			['zsh', 0],
		]);
	});

	test.each(['Version', 'Size'])('skips a package without %s', (field) => {
		expect(parsePackages(text.replaceAll(`\n${field}:`, '\nX-Other:'), '')).toEqual([]);
	});

	test('may be truncated: complete packages are still returned', () => {
		fc.assert(
			fc.property(fc.nat(text.length), (end) =>
				expect(parsePackages(text.slice(0, end), '').length).toBeLessThanOrEqual(2),
			),
		);
	});
});
