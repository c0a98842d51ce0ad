import { execa } from 'execa';
import { HalfopenError } from '../../errors.ts';
import { commandEnvironment, findProgram } from './commands.ts';
import { installPackages } from './packages.ts';
import { say } from './steps.ts';

export interface Compose {
	/** For people. */
	readonly title: string;
	/** The standalone program; undefined for the plugin of the docker command. */
	readonly standalone: string | undefined;
}

/** Compose v2 as a plugin of the docker command, or the standalone docker-compose of either version. */
export async function findCompose(): Promise<Compose | undefined> {
	const plugin = await versionOf('docker', ['compose', 'version', '--short']);
	if (plugin !== undefined) return { title: `docker compose ${plugin}`, standalone: undefined };
	const path = await findProgram('docker-compose');
	const version = path && (await versionOf(path, ['version', '--short']));
	return version === undefined ? undefined : { title: `docker-compose ${version}`, standalone: path };
}

async function versionOf(file: string, args: readonly string[]): Promise<string | undefined> {
	const { stdout, failed } = await execa(file, args, { reject: false, env: commandEnvironment });
	return failed ? undefined : stdout.trim();
}

/** Only docker-compose.yml needs it, so where it cannot be had that is said and setup goes on. */
export async function ensureCompose(): Promise<Compose | undefined> {
	const found = await findCompose();
	if (found !== undefined) {
		say(`* ${found.title} is there`);
		return found;
	}
	try {
		await installPackages(['docker-compose'], 'No compose is installed, which docker-compose.yml needs');
	} catch (error) {
		if (!(error instanceof HalfopenError)) throw error;
		say(`  ${error.message}`);
	}
	return findCompose();
}
