import { access } from 'node:fs/promises';
import { HalfopenError } from '../errors.ts';
import { runTool } from './tools.ts';

/** Debian's keys: those it signs with, and those of old suites, which it does not sign with any more. Only the former must be there. */
export const DEBIAN_KEYRINGS = ['/usr/share/keyrings/debian-archive-keyring.gpg', '/usr/share/keyrings/debian-archive-removed-keys.gpg'] as const;

/**
 * What the signature in a file covers: around it there may be anything. Throws DOWNLOAD_FAILED, with where it came from, if it bears no good one by
 * these keys, and TOOL_MISSING if the keys are not installed.
 */
export async function signedText(path: string, keyrings: readonly string[], from: string): Promise<string> {
	const { failed, stdout, stderr } = await runTool('gpgv', [...(await options(keyrings)), '--output', '-', path]);
	if (!failed) return stdout;
	throw new HalfopenError('DOWNLOAD_FAILED', {
		problem: `${from} does not bear a good signature of Debian’s archive.`,
		seen: stderr,
		remedy: 'use a mirror of Debian’s archive; if it is one, its keys may be newer than this machine’s: update debian-archive-keyring',
	});
}

async function options(keyrings: readonly string[]): Promise<string[]> {
	const areThere = await Promise.all(keyrings.map(exists));
	if (areThere[0]) return keyrings.filter((_, index) => areThere[index]).flatMap((path) => ['--keyring', path]);
	throw new HalfopenError('TOOL_MISSING', {
		problem: 'The keys of Debian’s archive are not installed, and without them nobody knows whether a kernel is Debian’s.',
		seen: `${keyrings[0]} is missing`,
		remedy: 'install them: apt-get install debian-archive-keyring',
	});
}

async function exists(path: string): Promise<boolean> {
	return access(path).then(
		() => true,
		() => false,
	);
}
