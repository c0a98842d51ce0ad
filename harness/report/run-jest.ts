import { buildArgv, runCLI } from 'jest';
import { HalfopenError } from '../errors.ts';
import { PROJECT_ROOT } from '../util/project-root.ts';

const MODULES_FLAG = '--experimental-vm-modules';
const LOADING_FLAGS = new Set(['--import', '--require', '-r', '--loader', '--experimental-loader']);
/** The statuses that a shell reports after SIGINT and SIGTERM: 128 plus the signal's number. */
const ENDED_BY = { SIGINT: 130, SIGTERM: 143 } as const;

/**
 * Runs Jest in this process with these command line arguments, and sets the exit code as Jest would. It runs in this
 * process because Jest loads reporters and globalSetup with Node's own loader, and they are TypeScript: here tsx
 * compiles them. Workers do not need tsx, because they compile with swc.
 */
export async function runJest(args: readonly string[]): Promise<void> {
	if (![...process.execArgv, process.env.NODE_OPTIONS ?? ''].join(' ').includes(MODULES_FLAG)) {
		throw new HalfopenError('OPTION_MISSING', {
			problem: `Node was started without ${MODULES_FLAG}, which Jest needs for ES modules.`,
			remedy: 'Use `npm test` or `npm start`: they give Node this option.',
		});
	}
	process.execArgv = withoutTsx(process.execArgv);
	process.env.NODE_ENV ??= 'test';
	for (const [signal, status] of Object.entries(ENDED_BY)) process.once(signal, () => process.exit(status));
	const argv = await buildArgv([...args]);
	const { results, globalConfig } = await runCLI(argv, [PROJECT_ROOT]);
	process.exitCode = results.success ? 0 : globalConfig.testFailureExitCode;
	if (globalConfig.forceExit) process.exit();
}

/**
 * Runs a command's main function. If it rejects, prints the message of a HalfopenError, or the stack of any other
 * error, and exits with 1.
 */
export async function runMain(main: () => Promise<unknown>): Promise<void> {
	try {
		await main();
	} catch (error) {
		process.stderr.write(`${explanation(error)}\n`);
		// Jest's workers and watchers may still keep this process alive.
		process.exit(1);
	}
}

function explanation(error: unknown): string {
	if (!(error instanceof Error)) return String(error);
	// Compared by name, because a globalSetup's error may come from another copy of the module. Jest prepends its own
	// text to the message.
	if (error.name === 'HalfopenError') return error.message.replace(/^Jest: Got error running \w+ - .*?, reason: /, '');
	return error.stack ?? error.message;
}

/** Returns Node's options without those that load tsx. Workers inherit them, and do not need tsx. */
function withoutTsx(execArgv: readonly string[]): string[] {
	return execArgv.filter((argument, index) => {
		if (/^--(import|require|loader|experimental-loader)=.*\btsx\b/.test(argument)) return false;
		if (LOADING_FLAGS.has(argument)) return !/\btsx\b/.test(execArgv[index + 1] ?? '');
		return !(LOADING_FLAGS.has(execArgv[index - 1] ?? '') && /\btsx\b/.test(argument));
	});
}
