import { HalfopenError } from '../errors.ts';
import { exists } from './exists.ts';
import { lastLines, runTool } from './tools.ts';

/** The keys that Debian signs its suites with. */
export const DEBIAN_KEYRING = '/usr/share/keyrings/debian-archive-keyring.gpg';

/** How gpgv's lines of status begin (doc/DETAILS of GnuPG has them). */
const STATUS = '[GNUPG:] ';

/**
 * What the signatures in a file cover: around it there may be anything. As with apt one good signature by a key that is known will do, but no bad one may
 * stand beside it: a suite is signed with keys of several releases, and this machine may not know the newest. Throws DOWNLOAD_FAILED, with where it came
 * from, if it is not so, and TOOL_MISSING if the keys are not installed.
 */
export async function signedText(path: string, keyring: string, from: string): Promise<string> {
	await assertKeys(keyring);
	const { stdout, stderr } = await runTool('gpgv', ['--keyring', keyring, '--status-fd', '2', '--output', '-', path]);
	const lines = stderr.split('\n');
	const says = (word: string) => lines.some((line) => line.startsWith(`${STATUS}${word} `));
	// The status of gpgv itself is 2 already where one key is unknown.
	if (says('GOODSIG') && !says('BADSIG')) return stdout;
	throw new HalfopenError('DOWNLOAD_FAILED', {
		problem: `${from} does not bear a good signature of Debian’s archive.`,
		seen: lastLines(lines.filter((line) => !line.startsWith(STATUS)).join('\n')),
		remedy: 'use a mirror of Debian’s archive; if it is one, its keys may be newer than this machine’s: update debian-archive-keyring',
	});
}

async function assertKeys(keyring: string): Promise<void> {
	if (await exists(keyring)) return;
	throw new HalfopenError('TOOL_MISSING', {
		problem: 'The keys of Debian’s archive are not installed, and without them nobody knows whether a kernel is Debian’s.',
		seen: `${keyring} is missing`,
		remedy: 'install them: apt-get install debian-archive-keyring',
	});
}
