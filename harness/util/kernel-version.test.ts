import { expect, test } from '@jest/globals';
import { isAtLeast } from './kernel-version.ts';

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
