import { readFile } from 'node:fs/promises';
import { HalfopenError } from '../../errors.ts';
import { exists } from '../../util/exists.ts';
import { findProgram, rootPrefix, runAsRoot } from './commands.ts';
import { type StepProgress, say, step } from './steps.ts';

const aptGet = ['env', 'DEBIAN_FRONTEND=noninteractive', 'apt-get', '-o', 'DPkg::Lock::Timeout=120'];
let listsAreFresh = false;

/** Programs in the PATH, or files by their absolute path, and the packages of Debian and Ubuntu that contain each. */
export type Requirements = Readonly<Record<string, readonly string[]>>;

/** Installs the packages of all requirements that are missing. Rejects like `installPackages`. */
export async function ensureInstalled(requirements: Requirements, reason: string): Promise<void> {
	const missing = new Set<string>();
	for (const [name, packages] of Object.entries(requirements)) {
		if (await isInstalled(name)) continue;
		for (const one of packages) missing.add(one);
	}
	if (missing.size > 0) await installPackages([...missing].sort(), reason);
}

async function isInstalled(name: string): Promise<boolean> {
	return name.startsWith('/') ? exists(name) : (await findProgram(name)) !== undefined;
}

/**
 * Installs packages of the distribution (on Debian and Ubuntu, as root or with sudo). Rejects with the missing packages
 * if that is not possible.
 */
export async function installPackages(packages: readonly string[], reason: string): Promise<void> {
	await assertInstallable(packages, reason);
	await step(`${reason}: installing ${packages.join(', ')} from the distribution's packages`, async (progress) => {
		await refreshLists(progress);
		await runAsRoot([...aptGet, 'install', '-y', '--no-install-recommends', ...packages], progress.busy.bind(progress));
	});
}

async function assertInstallable(packages: readonly string[], reason: string): Promise<void> {
	const obstacle = !(await isDebianFamily())
		? 'this is not Debian or Ubuntu'
		: (await rootPrefix()) === undefined
			? 'this is not root, and sudo is missing or asks for a password'
			: undefined;
	if (obstacle === undefined) return;
	throw new HalfopenError('SETUP_FAILED', {
		problem: `${reason}, and setup cannot install what is missing: ${obstacle}.`,
		remedy:
			`Install ${packages.join(', ')} (your system may have other names for them), or run \`npm run setup\` as root ` +
			'on Debian or Ubuntu.',
	});
}

/** An unreachable list may not matter. The installation shows whether the packages are available. */
async function refreshLists(progress: StepProgress): Promise<void> {
	if (listsAreFresh) return;
	try {
		await runAsRoot([...aptGet, 'update'], progress.busy.bind(progress));
	} catch (error) {
		say(`  apt-get update did not get every list: ${error instanceof HalfopenError ? error.seen : error}`);
	}
	listsAreFresh = true;
}

async function isDebianFamily(): Promise<boolean> {
	const release = await readFile('/etc/os-release', 'utf8').catch(() => '');
	return /^ID(_LIKE)?=.*\b(debian|ubuntu)\b/m.test(release) && (await findProgram('apt-get')) !== undefined;
}
