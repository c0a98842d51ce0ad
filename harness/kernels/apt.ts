import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { HalfopenError } from '../errors.ts';
import { exists } from '../util/exists.ts';
import { archiveFolder } from './cache.ts';
import { intoCache } from './cache-errors.ts';
import { lastLines, runTool } from './tools.ts';

/** The keyring with which Debian signs its suites. */
export const DEBIAN_KEYRING = '/usr/share/keyrings/debian-archive-keyring.gpg';

/**
 * Where apt fetches packages: the addresses of mirrors, tried in this order, and the keyring that must have signed the
 * indexes.
 */
export interface Archive {
	readonly mirrors: readonly string[];
	readonly keyring: string;
}

/** Called with the progress in percent. */
export type OnProgress = (percent: number) => void;

/**
 * Returns the folder of apt's state for a suite: lists and partial downloads. This machine's apt uses other folders.
 */
const aptFolder = (suite: string) => join(archiveFolder(), suite);

/** A program that prints a file of apt, decompressed. It is not in the PATH. */
const APT_HELPER = '/usr/lib/apt/apt-helper';

/** Updates apt's index of a suite. Rejects with DOWNLOAD_FAILED, INDEX_EXPIRED, TOOL_MISSING or DISK_FULL. */
export async function updateIndex(suite: string, archive: Archive, onProgress: OnProgress): Promise<void> {
	await fromAnyMirror(suite, archive, (mirror) => update(suite, mirror, archive.keyring, onProgress));
}

async function update(suite: string, mirror: string, keyring: string, onProgress: OnProgress): Promise<void> {
	await configure(suite, mirror, keyring);
	await aptGet(suite, ['update'], onProgress);
	// A valid signature may be that of another suite.
	const [codename = 'no suite'] = await targetsOf(suite, '$(CODENAME)');
	if (codename !== suite) throw failed(suite, `${mirror} has the index of “${codename}” in its place`);
}

/** Tries the mirrors in turn until `work` succeeds. Rejects immediately on an error that is not the mirror's fault. */
async function fromAnyMirror(
	suite: string,
	{ mirrors }: Archive,
	work: (mirror: string) => Promise<void>,
): Promise<void> {
	const failures: HalfopenError[] = [];
	for (const mirror of mirrors) {
		try {
			return await work(mirror);
		} catch (error) {
			if (!isOfMirror(error)) throw error;
			failures.push(error);
		}
	}
	if (failures.length === 1 && failures[0]) throw failures[0];
	throw failed(suite, failures.map(({ seen }) => seen).join('\n'));
}

/** Whether another mirror may succeed. */
export function isOfMirror(error: unknown): error is HalfopenError {
	return error instanceof HalfopenError && (error.code === 'DOWNLOAD_FAILED' || error.code === 'INDEX_EXPIRED');
}

/** Returns the text of `Packages`, from apt's index of a suite. */
export async function readIndex(suite: string): Promise<string> {
	const {
		failed: hasFailed,
		stdout,
		stderr,
	} = await runTool(APT_HELPER, ['cat-file', ...(await targetsOf(suite, '$(FILENAME)'))]);
	if (hasFailed) throw failed(suite, lastLines(stderr));
	return stdout;
}

/**
 * Downloads packages of a suite, each as `name=version`, to a folder. Partial downloads are resumed, and complete ones
 * are kept.
 */
export async function downloadPackages(
	suite: string,
	packages: readonly string[],
	folder: string,
	archive: Archive,
	onProgress: OnProgress,
): Promise<void> {
	await intoCache(() => mkdir(folder, { recursive: true }));
	await fromAnyMirror(suite, archive, async (mirror) => {
		// An index belongs to a mirror. If it has not changed, this costs one request.
		await update(suite, mirror, archive.keyring, () => {});
		await aptGet(suite, ['download', ...packages], onProgress, folder);
	});
}

/**
 * Returns apt's configuration: separate folders, and the settings that must hold whatever the configuration of this
 * machine's apt. Proxies, credentials and timeouts are those of this machine.
 */
function configurationIn(folder: string): string {
	return `#clear APT::Update::Pre-Invoke;
#clear APT::Update::Post-Invoke;
#clear APT::Update::Post-Invoke-Success;
#clear APT::Architectures;
APT::Architecture "amd64";
APT::Architectures { "amd64"; };
APT::Get::AllowUnauthenticated "false";
Acquire::AllowInsecureRepositories "false";
Acquire::AllowWeakRepositories "false";
Acquire::AllowDowngradeToInsecureRepositories "false";
// A suite that changes from stable to oldstable is still the same suite.
Acquire::AllowReleaseInfoChange "true";
Acquire::Check-Date "true";
Acquire::Check-Valid-Until "true";
Acquire::Languages "none";
Acquire::Retries "1";
Dir::State "${folder}";
Dir::State::status "${folder}/status";
Dir::State::lists "lists";
Dir::Cache "${folder}";
Dir::Cache::archives "archives";
Dir::Etc::sourcelist "${folder}/sources.list";
Dir::Etc::sourceparts "/dev/null";
Dir::Etc::preferences "/dev/null";
Dir::Etc::preferencesparts "/dev/null";
`;
}

async function configure(suite: string, mirror: string, keyring: string): Promise<void> {
	if (!(await exists(keyring))) throw keysMissing(keyring);
	const folder = aptFolder(suite);
	const files = {
		'apt.conf': configurationIn(folder),
		'sources.list': `deb [arch=amd64 target=Packages signed-by=${keyring}] ${mirror} ${suite} main\n`,
		status: '',
	};
	await intoCache(async () => {
		for (const name of ['lists/partial', 'archives/partial']) await mkdir(join(folder, name), { recursive: true });
		for (const [name, text] of Object.entries(files)) await writeFile(join(folder, name), text);
	});
}

/**
 * Errors, and the warnings that count as errors: if an index cannot be fetched, apt uses the previous one and exits
 * with 0.
 */
const COMPLAINT = /^(E: |W: (Failed to fetch|Some index files failed|GPG error))/;

async function aptGet(suite: string, args: readonly string[], onProgress: OnProgress, cwd?: string): Promise<void> {
	const onLine = (line: string) => {
		const [, percent] = /^dlstatus:\d+:([\d.]+):/.exec(line) ?? [];
		if (percent !== undefined) onProgress(Number(percent));
	};
	const options = ['-c', join(aptFolder(suite), 'apt.conf'), '-qq', '-o', 'APT::Status-Fd=1'];
	const { failed: hasFailed, stderr } = await runTool('apt-get', [...options, ...args], {
		onLine,
		...(cwd !== undefined && { cwd }),
	});
	const complaints = stderr.split('\n').filter((line) => COMPLAINT.test(line));
	const expired = complaints.find((line) => / is (expired|not valid yet) /.test(line));
	if (expired) throw indexExpired(suite, expired);
	if (hasFailed || complaints.length > 0) throw failed(suite, lastLines(stderr));
}

/** Returns properties of the suite's index, as `apt-get indextargets` prints them. */
async function targetsOf(suite: string, format: string): Promise<string[]> {
	const args = ['-c', join(aptFolder(suite), 'apt.conf'), 'indextargets', '--format', format, 'Created-By: Packages'];
	const { stdout } = await runTool('apt-get', args);
	return stdout.split('\n').filter((line) => line !== '');
}

function failed(suite: string, seen: string): HalfopenError {
	return new HalfopenError('DOWNLOAD_FAILED', {
		problem: `apt could not fetch the suite ${suite} from Debian’s archive.`,
		seen,
		remedy:
			'Check that this machine reaches a mirror (those of apt, or deb.debian.org; apt’s proxies and http_proxy are ' +
			'used), and run the command again: it continues where it stopped. If a key is missing, update ' +
			'debian-archive-keyring.',
	});
}

function indexExpired(suite: string, seen: string): HalfopenError {
	return new HalfopenError('INDEX_EXPIRED', {
		problem:
			`The index of ${suite} has expired, and an expired index is refused: a mirror could hide security updates with ` +
			'it.',
		seen,
		remedy:
			'Check this machine’s clock, and use another mirror. If Debian has archived the suite, prepare the kernel with ' +
			'--image.',
	});
}

function keysMissing(keyring: string): HalfopenError {
	return new HalfopenError('TOOL_MISSING', {
		problem: 'The keys of Debian’s archive are not installed, so its signatures cannot be verified.',
		seen: `${keyring} is missing`,
		remedy: 'Install them: `apt-get install debian-archive-keyring`.',
	});
}
