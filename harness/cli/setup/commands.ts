import { access, constants } from 'node:fs/promises';
import { execa } from 'execa';
import { HalfopenError } from '../../errors.ts';

const searchPath = [
	...new Set([...(process.env.PATH ?? '').split(':'), '/usr/local/sbin', '/usr/sbin', '/sbin', '/usr/bin', '/bin']),
].filter(Boolean);
const linesShownOfAFailure = 15;

/**
 * The environment of every command: system programs (dockerd, iptables) are found also where an ordinary user's PATH
 * lacks their folders.
 */
export const commandEnvironment = { ...process.env, PATH: searchPath.join(':') };

/** Where a program is, or undefined. */
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
 * The words to put before a command so that root runs it: none for root, sudo where it can be used, undefined where
 * neither is possible.
 */
export async function rootPrefix(): Promise<readonly string[] | undefined> {
	if (process.getuid?.() === 0) return [];
	const sudo = await findProgram('sudo');
	if (sudo === undefined) return undefined;
	const { failed } = await execa(sudo, ['-n', 'true'], { reject: false });
	if (!failed) return [sudo, '-n'];
	return process.stdin.isTTY ? [sudo] : undefined;
}

/** Runs a command as root and waits for it; each line it writes goes to `onLine`. A failure tells its last lines. */
export async function runAsRoot(argv: readonly string[], onLine: (line: string) => void = () => {}): Promise<string[]> {
	const prefix = await rootPrefix();
	if (prefix === undefined) {
		throw new HalfopenError('SETUP_FAILED', {
			problem: `Root is needed for: ${argv.join(' ')}`,
			remedy: 'run it as root, or give this user sudo, then run `npm run setup` again',
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
			problem: shortMessage ?? `${argv.join(' ')} failed`,
			seen: lines.slice(-linesShownOfAFailure).join('\n'),
			remedy: 'mend what it complains about and run `npm run setup` again',
		});
	}
	return lines;
}
