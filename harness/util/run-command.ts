import { execFile } from 'node:child_process';

/** What a command of this machine came to. */
export interface CommandResult {
	/** It ended with status 0. */
	readonly succeeded: boolean;
	readonly out: string;
	readonly err: string;
}

/**
 * Runs a command of this machine to its end. By Node alone: Jest loads the runner as CommonJS, which the better library
 * does not know.
 */
export function runCommand([program = '', ...args]: readonly string[]): Promise<CommandResult> {
	return new Promise((resolve) => {
		execFile(program, args, (error, out, err) =>
			resolve({ succeeded: error === null, out, err: err || (error?.message ?? '') }),
		);
	});
}
