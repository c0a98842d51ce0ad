import type Dockerode from 'dockerode';
import { execa } from 'execa';
import { HalfopenError } from '../../errors.ts';
import { commandEnvironment, findProgram, rootPrefix } from './commands.ts';
import { follow, reasonOf } from './engine-answers.ts';
import { debianMirrors } from './mirrors.ts';
import { installPackages } from './packages.ts';
import { type StepProgress, say, step } from './steps.ts';

const release = 'trixie';
const repository = 'halfopen-base';
const linesShownOfAFailure = 15;

/** Not the name of the official image, so that the two are never confused. */
export const ownBase = `${repository}:${release}`;

/** Builds the base image with mmdebstrap. Tries the mirrors of this machine first, then Debian's own. */
export async function buildOwnBase(docker: Dockerode): Promise<void> {
	if ((await findProgram('mmdebstrap')) === undefined) {
		await installPackages(
			['mmdebstrap', 'debian-archive-keyring'],
			'No registry can be reached, and mmdebstrap, which would build a base image, is not installed',
		);
	}
	const mirrors = await debianMirrors();
	for (const mirror of mirrors) {
		try {
			return await step(`Building ${ownBase} from ${mirror} with mmdebstrap`, (progress) =>
				importBase(docker, mirror, progress),
			);
		} catch (error) {
			if (mirror === mirrors.at(-1)) throw error;
			say(`  ${reasonOf(error)}`);
		}
	}
}

/** The image gets its name after mmdebstrap has succeeded, so that an incomplete one is never used. */
async function importBase(docker: Dockerode, mirror: string, progress: StepProgress): Promise<void> {
	const options = ['--variant=minbase', ...certificatesFor(mirror), '--format=tar'];
	const [file = '', ...args] = [...((await rootPrefix()) ?? []), 'mmdebstrap', ...options, release, '-', mirror];
	const making = execa(file, args, { buffer: { stdout: false, stderr: true }, reject: false, env: commandEnvironment });
	making.stderr.setEncoding('utf8').on('data', (text: string) => progress.busy(text));

	const importing = importTar(docker, making.stdout).catch((error: unknown) => {
		making.kill();
		return new ImportFailure(error);
	});
	const [made, imported] = await Promise.all([making, importing]);
	if (imported instanceof ImportFailure && made.isTerminated) throw imported.cause;
	if (made.failed || imported instanceof ImportFailure) {
		if (!(imported instanceof ImportFailure)) await docker.getImage(imported).remove();
		throw new HalfopenError('SETUP_FAILED', {
			problem: `mmdebstrap could not build a base image from ${mirror}.`,
			seen: made.stderr.trimEnd().split('\n').slice(-linesShownOfAFailure).join('\n'),
			remedy:
				'Give this machine access to a Debian mirror, or to a registry with `debian:trixie-slim`, and run `npm run ' +
				'setup` again.',
		});
	}
	await docker.getImage(imported).tag({ repo: repository, tag: release });
}

class ImportFailure {
	readonly cause: unknown;
	constructor(cause: unknown) {
		this.cause = cause;
	}
}

/** Returns the id of the image, which has no name yet. */
async function importTar(docker: Dockerode, tar: NodeJS.ReadableStream): Promise<string> {
	let id = '';
	const answer = await docker.importImage(tar, { changes: 'LABEL halfopen.image=base' });
	await follow(answer, ({ status }) => {
		id = status ?? id;
	});
	return id;
}

function certificatesFor(mirror: string): string[] {
	return mirror.startsWith('https:') ? ['--include=ca-certificates'] : [];
}
