import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { execa } from 'execa';
import { temporaryCache } from './fixtures/cache.ts';
import { signedText } from './signature.ts';

const tools = await Promise.all(['gpg', 'gpgv'].map((tool) => execa(tool, ['--version'], { reject: false })));
/** Debian and Ubuntu have gpgv; gpg, which makes keys, may be missing. */
const describeWithGpg = tools.every(({ failed }) => !failed) ? describe : describe.skip;

const FROM = 'http://mirror/InRelease';
const text = 'Codename: bookworm\n';
const other = 'Codename: trixie\n';

let folder: Awaited<ReturnType<typeof temporaryCache>>;
let home = '';
let keyring = '';

/** Two keys that this machine knows, and one that it does not. */
beforeAll(async () => {
	folder = await temporaryCache();
	[home, keyring] = [join(folder.path, 'gnupg'), join(folder.path, 'keyring.gpg')];
	await mkdir(home, { mode: 0o700 });
	for (const name of ['known', 'also-known', 'unknown']) await gpg(['--passphrase', '', '--quick-gen-key', name, 'ed25519', 'sign', 'never']);
	await gpg(['--output', keyring, '--export', '=known', '=also-known']);
});

afterAll(async () => {
	await execa('gpgconf', ['--homedir', home, '--kill', 'gpg-agent'], { reject: false });
	await folder[Symbol.asyncDispose]();
});

const gpg = (args: readonly string[], input = '') => execa('gpg', ['--homedir', home, '--batch', '--quiet', ...args], { input, reject: false });

async function signed(content: string, ...keys: readonly string[]): Promise<string> {
	const { stdout } = await gpg([...keys.flatMap((key) => ['--local-user', `=${key}`]), '--digest-algo', 'SHA256', '--clearsign'], content);
	return `${stdout}\n`;
}

/** A text with the signatures of several. */
function merged(content: string, messages: readonly string[]): string {
	const signatures = messages.map((message) => {
		const [, base64 = ''] = /SIGNATURE-----\n\n(.*?)\n=/s.exec(message) ?? [];
		return Buffer.from(base64, 'base64');
	});
	const lines =
		Buffer.concat(signatures)
			.toString('base64')
			.match(/.{1,64}/g) ?? [];
	return [
		...['-----BEGIN PGP SIGNED MESSAGE-----', 'Hash: SHA256', '', `${content}-----BEGIN PGP SIGNATURE-----`, ''],
		...[...lines, '-----END PGP SIGNATURE-----', ''],
	].join('\n');
}

async function read(message: string): Promise<string> {
	const path = join(folder.path, 'InRelease');
	await writeFile(path, message);
	return signedText(path, keyring, FROM);
}

const refused = (seen: string) => ({
	code: 'DOWNLOAD_FAILED',
	problem: `${FROM} does not bear a good signature of Debian’s archive.`,
	seen: expect.stringContaining(seen),
});

describeWithGpg('what was signed', () => {
	test.each([[['known']], [['known', 'also-known']], [['known', 'unknown']], [['unknown', 'known']]])('with the keys %p is good', async (keys) => {
		expect((await read(await signed(text, ...keys))).trimEnd()).toBe(text.trimEnd());
	});

	test('with an unknown key only is refused, and what gpgv saw is told without its lines of status', async () => {
		const reading = read(await signed(text, 'unknown'));
		await expect(reading).rejects.toMatchObject(refused('No public key'));
		await expect(reading).rejects.toMatchObject({ seen: expect.not.stringContaining('[GNUPG:]') });
	});

	test('with several keys may have its signatures from several: what comes next is made so', async () => {
		const message = merged(text, [await signed(text, 'known'), await signed(text, 'also-known')]);
		expect((await read(message)).trimEnd()).toBe(text.trimEnd());
	});

	test.each([
		['before', ['also-known', 'known']],
		['after', ['known', 'also-known']],
	])('is refused with a bad signature %s a good one', async (_, [first = '', second = '']) => {
		const of = (key: string) => signed(key === 'known' ? text : other, key);
		await expect(read(merged(text, [await of(first), await of(second)]))).rejects.toMatchObject(refused('BAD signature'));
	});

	test('is never what another text says that stands in the same file', async () => {
		const [good, foreign] = [await signed(text, 'known'), await signed(other, 'unknown')];
		await expect(read(`${foreign}${good}`)).rejects.toMatchObject(refused('No public key'));
		expect((await read(`${good}${foreign}`)).trimEnd()).toBe(text.trimEnd());
	});
});
