import { mkdir, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { type ArchiveKernel, kernelsAmong } from './archive-kernels.ts';
import { intoCache } from './cache-errors.ts';
import { download, type OnBytes } from './download.ts';
import { ask, fromAny } from './mirror.ts';
import { parsePackages } from './packages.ts';
import { type Promised, parseRelease, type Release } from './release-file.ts';
import { DEBIAN_KEYRING, signedText } from './signature.ts';
import { archiveFolder, keepSuite, keptSuite, type Suite } from './suites.ts';
import { lastLines, runTool } from './tools.ts';

const INDEX = 'main/binary-amd64/Packages.xz';

/** What apt fetches of it at most (apt.conf(5), the default of Acquire::MaxReleaseFileSize). */
const MOST_BYTES_OF_RELEASE = 10_000_000;

/** Asks the first mirror that answers what kernels a suite has, and keeps that. Its big index is fetched only where it has changed. */
export async function askSuite(
	name: string,
	mirrors: readonly string[],
	now: Date,
	onBytes: OnBytes,
	keyring: string = DEBIAN_KEYRING,
): Promise<Suite> {
	const folders = mirrors.map((mirror) => `${mirror}/dists/${name}`);
	return intoCache(() =>
		fromAny(folders, async (folder) => {
			const release = await releaseAt(`${folder}/InRelease`, name, keyring);
			// A good signature is one of any suite.
			if (release.codename !== name) throw new Error(`its Release is that of “${release.codename}”`);
			const promised = release.files.get(INDEX);
			if (promised === undefined) throw new Error(`its Release does not name ${INDEX}`);
			const kept = await keptSuite(name);
			const changed = kept?.packages !== promised.sha256;
			const kernels = changed ? await kernelsAt(folder, name, release, promised, onBytes) : kept.kernels;
			const suite = { askedAt: now.toISOString(), packages: promised.sha256, kernels };
			await keepSuite(name, suite);
			return suite;
		}),
	);
}

async function releaseAt(url: string, suite: string, keyring: string): Promise<Release> {
	const path = join(archiveFolder(), `${suite}.InRelease`);
	const response = await ask(url);
	await mkdir(archiveFolder(), { recursive: true });
	try {
		await writeFile(path, bounded(response.body));
		return parseRelease(await signedText(path, keyring, url));
	} finally {
		await rm(path, { force: true });
	}
}

/** Nobody has said yet how long it is. */
async function* bounded(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
	let bytes = 0;
	for await (const chunk of chunks) {
		bytes += chunk.length;
		if (bytes > MOST_BYTES_OF_RELEASE) throw new Error(`its InRelease is longer than ${MOST_BYTES_OF_RELEASE} bytes, and that of a suite never is`);
		yield chunk;
	}
}

async function kernelsAt(folder: string, suite: string, { byHash }: Release, promised: Promised, onBytes: OnBytes): Promise<ArchiveKernel[]> {
	const url = byHash ? `${folder}/${dirname(INDEX)}/by-hash/SHA256/${promised.sha256}` : `${folder}/${INDEX}`;
	const path = join(archiveFolder(), `${suite}.Packages.xz`);
	await download([url], path, promised, onBytes);
	const { failed, stdout, stderr } = await runTool('xz', ['-dc', path]);
	await rm(path, { force: true });
	if (failed) throw new Error(`its ${INDEX} cannot be unpacked: ${lastLines(stderr)}`);
	return kernelsAmong(parsePackages(stdout, 'linux-'), suite);
}
