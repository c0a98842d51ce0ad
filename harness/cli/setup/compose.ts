import { HalfopenError } from '../../errors.ts';
import { runCommand } from '../../util/run-command.ts';
import { commandEnvironment, findProgram } from './commands.ts';
import { installPackages } from './packages.ts';
import { say } from './steps.ts';

export interface Compose {
	/** For messages. */
	readonly title: string;
	/** The path of the standalone program; undefined for the plugin of the docker command. */
	readonly standalone: string | undefined;
}

/** Finds Compose v2 as a plugin of the docker command, or the standalone docker-compose of either version. */
export async function findCompose(): Promise<Compose | undefined> {
	const plugin = await versionOf(['docker', 'compose', 'version', '--short']);
	if (plugin !== undefined) return { title: `docker compose ${plugin}`, standalone: undefined };
	const path = await findProgram('docker-compose');
	const version = path && (await versionOf([path, 'version', '--short']));
	return version === undefined ? undefined : { title: `docker-compose ${version}`, standalone: path };
}

async function versionOf(command: readonly string[]): Promise<string | undefined> {
	const { out, succeeded } = await runCommand(command, { env: commandEnvironment });
	return succeeded ? out.trim() : undefined;
}

/** Finds or installs Compose. Only docker-compose.yml needs it, so a failure is printed and setup continues. */
export async function ensureCompose(): Promise<Compose | undefined> {
	const found = await findCompose();
	if (found !== undefined) {
		say(`* found ${found.title}`);
		return found;
	}
	try {
		await installPackages(['docker-compose'], 'Compose, which docker-compose.yml needs, is not installed');
	} catch (error) {
		if (!(error instanceof HalfopenError)) throw error;
		say(`  ${error.message}`);
	}
	return findCompose();
}
