import { type ExecFileOptions, execFile } from 'node:child_process';

/** The result of a command. */
export interface CommandResult {
	/** Whether it exited with status 0. */
	readonly succeeded: boolean;
	readonly out: string;
	/** Its standard error. If it failed without output there: the reason, e.g. that there is no such program. */
	readonly err: string;
}

/**
 * Runs a command on this machine to its end, and collects its output. For output by line, or input, use execa. This
 * function does not, because Jest loads the runner as CommonJS, for which a package that execa imports (unicorn-magic)
 * has no entry.
 */
export function runCommand(
	[program = '', ...args]: readonly string[],
	options: Pick<ExecFileOptions, 'cwd' | 'env' | 'signal'> = {},
): Promise<CommandResult> {
	return new Promise((resolve) => {
		execFile(program, args, options, (error, out, err) =>
			resolve({ succeeded: error === null, out: String(out), err: String(err) || (error?.message ?? '') }),
		);
	});
}
