import { execFile } from 'node:child_process';

/** The result of a command. */
export interface CommandResult {
	/** Whether it exited with status 0. */
	readonly succeeded: boolean;
	readonly out: string;
	readonly err: string;
}

/**
 * Runs a command of this machine to its end. Not by execa: Jest loads the runner as CommonJS, for which a package that
 * execa imports (unicorn-magic) has no entry.
 */
export function runCommand([program = '', ...args]: readonly string[]): Promise<CommandResult> {
	return new Promise((resolve) => {
		execFile(program, args, (error, out, err) =>
			resolve({ succeeded: error === null, out, err: err || (error?.message ?? '') }),
		);
	});
}
