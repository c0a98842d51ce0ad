/** Every code that a `HalfopenError` may have, and when it has it. docs/errors.md is made of this list. */
export const ERROR_CODES = {
	// Expectations
	LIMIT_PASSED: 'What a scenario waited for did not happen within the limit.',
	CANNOT_HAPPEN: 'What an expectation waits for cannot happen any more.',
	TOO_EARLY: 'What an expectation waited for happened before the lower bound of `after`.',
	EXPECTATION_FAILED: 'An expectation that needs no wait did not hold, or something happened that must not.',
	OBSERVER_LOST: 'An observer ended, fell behind or lost events, so an expectation cannot be judged.',
	NOT_AWAITED: 'A scenario ended while an expectation was still waiting: an `await` is missing.',
	CLAIM_NOT_JUDGED: 'A scenario announced a claim and did not judge it.',
	CLAIM_UNEXPECTED: 'A scenario judged a claim that it did not announce, or judged one twice.',

	// Arguments
	OPTION_UNKNOWN: 'There is no option of this name.',
	OPTION_INVALID: 'An option or an argument has a value that is not allowed.',
	OPTION_MISSING: 'An option or a setting that has no default was not given.',
	NAME_INVALID: 'A name is empty, or has characters that are not allowed.',
	NAME_TAKEN: 'Something else has this name already.',
	PORT_OUT_OF_RANGE: 'A port is not a whole number from 1 to 65535.',
	ADDRESS_INVALID: 'An address is neither an IPv4 address nor an IPv4 network.',
	FLAGS_IMPOSSIBLE: 'No packet can have these TCP flags.',
	PATTERN_INVALID: 'A segment pattern cannot be parsed, or is not allowed here.',
	MATCHER_UNKNOWN: 'There is no matcher of this name. `.not`, `.resolves` and `.rejects` are not offered for a lab.',
	FAULT_UNKNOWN: 'A pattern names a fault that does not exist.',
	SYSCTL_UNKNOWN: 'A host has no sysctl of this name.',
	SPEC_UNKNOWN: 'There is no spec of this name, or there are several.',
	ENGINE_UNKNOWN: 'There is no engine of this name.',
	KERNEL_UNKNOWN: 'There is no kernel of this name.',

	// What a host does
	CALL_FAILED: 'A call of a controlled socket failed, and the spec did not expect it.',
	PEER_EXITED: 'A program ended before what was asked of it.',
	HOST_OFF: 'The host has no power, or runs no programs.',
	HOST_PAUSED: 'The programs of the host are frozen or killed.',
	SYSCTL_REFUSED: 'The kernel did not accept the value of a sysctl, or does not let it be read.',
	FAULT_WITHOUT_EFFECT: 'A fault was injected and changed nothing.',

	// Engines and runs
	ENGINE_UNREACHABLE: 'The engine does not answer, or cannot be used by this user.',
	ENGINE_GONE: 'The engine, or a process that it needs, ended during the run.',
	ENGINE_REFUSED: 'The engine, or a tool that it uses, failed.',
	AGENT_GONE: 'The agent of a machine ended, or its channel was closed.',
	AGENT_REFUSED: 'The agent could not do what a request asked for.',
	AGENT_PROTOCOL: 'The agent sent something that the protocol does not allow.',
	GUEST_LOST: 'A guest panicked, ended or does not answer.',
	SNAPSHOT_UNUSABLE: 'A guest could not be saved or restored.',
	IMAGE_MISSING: 'What hosts are made of was not built, or its sources have changed.',
	TOOL_MISSING: 'A program that is needed is not installed, or cannot be executed.',
	RUN_MISSING: 'A scenario runs outside `npm test`: no run was opened.',
	RUN_INVALID: 'What identifies the run to its processes is not valid.',

	// Setup, kernels and reports
	SETUP_FAILED: 'Something could not be installed, compiled or prepared.',
	KERNEL_MISSING: 'The kernel was not fetched yet.',
	KERNEL_INVALID: 'The given image is not a kernel, or the modules are not its modules.',
	DOWNLOAD_FAILED: 'Debian’s archive could not be read.',
	INDEX_EXPIRED: 'The index of a Debian suite has expired.',
	DISK_FULL: 'No space is left on a disk.',
	REPORT_UNREADABLE: 'A report or a timeline is not in the format of this version.',
	RESULTS_MISSING: 'A document cannot be written, because the runs that it is made of failed or are missing.',
	MARKER_MISSING: 'A document has no lines that mark where a table belongs.',
} as const;

/** What a caller branches on. */
export type ErrorCode = keyof typeof ERROR_CODES;

/** What a `HalfopenError` is made of. */
export interface Problem {
	/** What is wrong, as a sentence. */
	readonly problem: string;
	/** What was seen: output, a path, the nearest candidates. */
	readonly seen?: string | undefined;
	/** What to do about it. */
	readonly remedy: string;
	/** The error underneath, if there was one. */
	readonly cause?: unknown;
}

/** The one error type of the project: a code to branch on, and a message that tells cause and remedy. */
export class HalfopenError extends Error {
	readonly code: ErrorCode;
	readonly problem: string;
	readonly seen: string | undefined;
	readonly remedy: string;

	constructor(code: ErrorCode, { problem, seen, remedy, cause }: Problem) {
		const lines = [
			`${problem} [${code}]`,
			seen && `  seen: ${seen.trimEnd().replaceAll('\n', '\n        ')}`,
			`  to do: ${remedy}`,
		];
		super(lines.filter(Boolean).join('\n'), cause === undefined ? undefined : { cause });
		this.name = 'HalfopenError';
		this.code = code;
		this.problem = problem;
		this.seen = seen;
		this.remedy = remedy;
	}
}

/** What was thrown, as an error: JavaScript can throw any value. */
export function toError(thrown: unknown): Error {
	return thrown instanceof Error ? thrown : new Error(String(thrown));
}
