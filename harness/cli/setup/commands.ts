import { access, constants } from 'node:fs/promises';
import { execa } from 'execa';
import { HalfopenError } from '../../errors.ts';
import { runCommand } from '../../util/run-command.ts';

const searchPath = [
	...new Set([...(process.env.PATH ?? '').split(':'), '/usr/local/sbin', '/usr/sbin', '/sbin', '/usr/bin', '/bin']),
].filter(Boolean);
const linesShownOfAFailure = 15;

/**
 * The environment of commands. Its PATH includes the folders of system programs (dockerd, iptables), which an ordinary
 * user's may not.
 */
export const commandEnvironment = { ...process.env, PATH: searchPath.join(':') };

/** Returns the path of a program, or undefined if there is none. */
export async function findProgram(name: string): Promise<string | undefined> {
	for (const folder of searchPath) {
		if (await isExecutable(`${folder}/${name}`)) return `${folder}/${name}`;
	}
	return undefined;
}

async function isExecutable(path: string): Promise<boolean> {
	return access(path, constants.X_OK).then(
		() => true,
		() => false,
	);
}

/**
 * Returns the command prefix to run a command as root: empty for root, sudo if it can be used. Returns undefined if
 * neither is possible.
 */
export async function rootPrefix(): Promise<readonly string[] | undefined> {
	if (process.getuid?.() === 0) return [];
	const sudo = await findProgram('sudo');
	if (sudo === undefined) return undefined;
	const { succeeded } = await runCommand([sudo, '-n', 'true']);
	if (succeeded) return [sudo, '-n'];
	return process.stdin.isTTY ? [sudo] : undefined;
}

/**
 * Runs a command as root and waits for its end. Calls `onLine` with each line of output. If the command fails, rejects
 * with its last lines.
 */
export async function runAsRoot(argv: readonly string[], onLine: (line: string) => void = () => {}): Promise<string[]> {
	const prefix = await rootPrefix();
	if (prefix === undefined) {
		throw new HalfopenError('SETUP_FAILED', {
			problem: `This command needs root: ${argv.join(' ')}`,
			remedy: 'Run the command as root, or let this user use sudo. Then run `npm run setup` again.',
		});
	}
	const [file = '', ...args] = [...prefix, ...argv];
	const running = execa(file, args, { all: true, reject: false, stdin: 'inherit', env: commandEnvironment });
	const lines: string[] = [];
	for await (const line of running.iterable({ from: 'all' })) {
		lines.push(line);
		onLine(line);
	}
	const { failed, shortMessage } = await running;
	if (failed) {
		throw new HalfopenError('SETUP_FAILED', {
			problem: shortMessage ?? `The command failed: ${argv.join(' ')}`,
			seen: lines.slice(-linesShownOfAFailure).join('\n'),
			remedy: 'Correct what the command reports, and run `npm run setup` again.',
		});
	}
	return lines;
}
