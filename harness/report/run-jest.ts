import { buildArgv, runCLI } from 'jest';
import { HalfopenError } from '../errors.ts';
import { PROJECT_ROOT } from '../util/project-root.ts';

const MODULES_FLAG = '--experimental-vm-modules';
const LOADING_FLAGS = new Set(['--import', '--require', '-r', '--loader', '--experimental-loader']);
/** As a shell reports the end by SIGINT and SIGTERM: 128 and the signal's number. */
const ENDED_BY = { SIGINT: 130, SIGTERM: 143 } as const;

/**
 * Jest, in this process, with the arguments of its command line; sets the exit code as Jest would. In this process,
 * because reporters and globalSetup are TypeScript, which Jest leaves to Node to load: here tsx does. Workers compile
 * with swc alone and are spared it.
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
 * Runs a command's main function; where it fails, shows a mistake of ours as its message, and any other error with its
 * stack.
 */
export async function orExplain(main: () => Promise<unknown>): Promise<void> {
	try {
		await main();
	} catch (error) {
		process.stderr.write(`${explanation(error)}\n`);
		// Jest's workers and watchers may still be there.
		process.exit(1);
	}
}

function explanation(error: unknown): string {
	if (!(error instanceof Error)) return String(error);
	// By name: a globalSetup's error may come from another copy of the module. Jest puts words of its own before the
	// message.
	if (error.name === 'HalfopenError') return error.message.replace(/^Jest: Got error running \w+ - .*?, reason: /, '');
	return error.stack ?? error.message;
}

/** What loads tsx is for this process only: workers inherit the rest. */
function withoutTsx(execArgv: readonly string[]): string[] {
	return execArgv.filter((argument, index) => {
		if (/^--(import|require|loader|experimental-loader)=.*\btsx\b/.test(argument)) return false;
		if (LOADING_FLAGS.has(argument)) return !/\btsx\b/.test(execArgv[index + 1] ?? '');
		return !(LOADING_FLAGS.has(execArgv[index - 1] ?? '') && /\btsx\b/.test(argument));
	});
}
