import { mkdir, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { type ArchiveKernel, kernelsAmong } from './archive-kernels.ts';
import { intoCache } from './cache-errors.ts';
import { download, type OnBytes } from './download.ts';
import { ask, fromAny } from './mirror.ts';
import { parsePackages } from './packages.ts';
import { type Promised, parseRelease, type Release } from './release-file.ts';
import { DEBIAN_KEYRINGS, signedText } from './signature.ts';
import { archiveFolder, keepSuite, keptSuite, type Suite } from './suites.ts';
import { runTool } from './tools.ts';

const INDEX = 'main/binary-amd64/Packages.xz';

/** Asks the first mirror that answers what kernels a suite has, and keeps that. Its big index is fetched only where it has changed. */
export async function askSuite(
	name: string,
	mirrors: readonly string[],
	now: Date,
	onBytes: OnBytes,
	keyrings: readonly string[] = DEBIAN_KEYRINGS,
): Promise<Suite> {
	const folders = mirrors.map((mirror) => `${mirror}/dists/${name}`);
	return intoCache(() =>
		fromAny(folders, async (folder) => {
			const release = await releaseAt(`${folder}/InRelease`, name, keyrings);
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

async function releaseAt(url: string, suite: string, keyrings: readonly string[]): Promise<Release> {
	const path = join(archiveFolder(), `${suite}.InRelease`);
	const response = await ask(url);
	await mkdir(archiveFolder(), { recursive: true });
	try {
		await writeFile(path, response.body);
		return parseRelease(await signedText(path, keyrings, url));
	} finally {
		await rm(path, { force: true });
	}
}

async function kernelsAt(folder: string, suite: string, { byHash }: Release, promised: Promised, onBytes: OnBytes): Promise<ArchiveKernel[]> {
	const url = byHash ? `${folder}/${dirname(INDEX)}/by-hash/SHA256/${promised.sha256}` : `${folder}/${INDEX}`;
	const path = join(archiveFolder(), `${suite}.Packages.xz`);
	await download([url], path, promised, onBytes);
	const { failed, stdout, stderr } = await runTool('xz', ['-dc', path]);
	await rm(path);
	if (failed) throw new Error(`its ${INDEX} cannot be unpacked: ${stderr}`);
	return kernelsAmong(parsePackages(stdout, 'linux-'), suite);
}
