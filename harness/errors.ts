/** All codes of `HalfopenError`, each with the situation in which it is thrown. docs/errors.md shows this list. */
export const ERROR_CODES = {
	// Expectations
	LIMIT_PASSED: 'An awaited event did not happen within the limit.',
	CANNOT_HAPPEN: 'An awaited event cannot happen any more.',
	TOO_EARLY: 'An awaited event happened before the lower bound of `after`.',
	EXPECTATION_FAILED: 'An expectation that does not wait was not met, or something happened that must not happen.',
	OBSERVER_LOST: 'An observer ended, fell behind or lost events, so an expectation cannot be judged.',
	NOT_AWAITED: 'A scenario ended while an expectation was still waiting: an `await` is missing.',
	CLAIM_NOT_JUDGED: 'A scenario announced a claim and did not judge it.',
	CLAIM_UNEXPECTED: 'A scenario judged a claim that it did not announce, or judged a claim twice.',

	// Arguments
	OPTION_UNKNOWN: 'There is no option of this name.',
	OPTION_INVALID: 'An option or an argument has a value that is not allowed.',
	OPTION_MISSING: 'An option or a setting that has no default was not given.',
	NAME_INVALID: 'A name is empty, or has characters that are not allowed.',
	NAME_TAKEN: 'The name is already in use.',
	PORT_OUT_OF_RANGE: 'A port is not a whole number from 1 to 65535.',
	ADDRESS_INVALID: 'An address is neither an IP address nor a network.',
	FLAGS_IMPOSSIBLE: 'No packet can have these TCP flags.',
	PATTERN_INVALID: 'A segment pattern cannot be parsed, or is not allowed here.',
	MATCHER_UNKNOWN: 'The value has no matcher of this name. Things of a lab have no `.not`, `.resolves` and `.rejects`.',
	FAULT_UNKNOWN: 'A pattern names a fault that does not exist.',
	SYSCTL_UNKNOWN: 'A host has no sysctl of this name.',
	SPEC_UNKNOWN: 'There is no spec of this name, or there are several.',
	ENGINE_UNKNOWN: 'There is no engine of this name.',
	FAMILY_UNKNOWN: 'There is no family of addresses of this name.',
	KERNEL_UNKNOWN: 'There is no kernel of this name.',

	// Hosts
	CALL_FAILED: 'A call of a controlled socket failed, and the spec did not expect that.',
	PEER_EXITED: 'A program ended before it was ready, or before it could take input, a signal or a call.',
	HOST_OFF: 'The host is powered off, or its userland was killed.',
	HOST_PAUSED: 'The programs of the host are frozen or killed.',
	SYSCTL_REFUSED: 'The kernel did not accept the value of a sysctl, or the sysctl cannot be read.',
	FAMILY_UNAVAILABLE: 'The hosts of the lab have no address of this family.',
	NEEDS_BRIDGE: 'Something was asked for that is possible on a bridge only, and the wire of the lab is a router.',
	OFFLOADS_ON: 'A fault of the wire needs single segments, and offloads are on in the lab.',
	FAULT_WITHOUT_EFFECT: 'A fault was injected and had no effect.',

	// Engines and runs
	ENGINE_UNREACHABLE: 'The engine does not answer, or cannot be used by this user.',
	ENGINE_GONE: 'The engine, or a process that it needs, ended during the run.',
	ENGINE_REFUSED: 'The engine, or a tool that it uses, failed.',
	AGENT_GONE: 'The agent of a machine ended, or its channel was closed.',
	AGENT_REFUSED: 'The agent could not carry out a request.',
	AGENT_PROTOCOL: 'The agent sent something that the protocol does not allow.',
	GUEST_LOST: 'A guest panicked, ended or does not answer.',
	SNAPSHOT_UNUSABLE: 'A guest could not be saved or restored.',
	IMAGE_MISSING: 'The host image or the compiled programs are missing, or their sources have changed.',
	TOOL_MISSING: 'A program that is needed is not installed, or cannot be executed.',
	RUN_MISSING: 'A scenario runs outside `npm test`: no run was opened.',
	RUN_INVALID: 'The mark of the run, or its description for the workers, is not valid.',

	// Setup, kernels and reports
	SETUP_FAILED: 'Something could not be installed, compiled or prepared.',
	KERNEL_MISSING: 'The kernel was not fetched yet.',
	KERNEL_INVALID: 'The given image is not a kernel, or the modules belong to another kernel.',
	KERNEL_FEATURE_MISSING: 'The kernel lacks a feature that a fault or the family of the run needs.',
	DOWNLOAD_FAILED: 'Debian’s archive could not be read.',
	INDEX_EXPIRED: 'The index of a Debian suite has expired.',
	DISK_FULL: 'No space is left on a disk.',
	REPORT_UNREADABLE: 'A report or a timeline is not in the format of this version.',
	RESULTS_MISSING: 'A document cannot be written, because runs that it needs failed or are missing.',
	MARKER_MISSING: 'A document has no lines that mark the place of a table.',
} as const;

/** The code of a `HalfopenError`, for callers to branch on. */
export type ErrorCode = keyof typeof ERROR_CODES;

/** The parts of a `HalfopenError`. */
export interface Problem {
	/** What is wrong, as a sentence. */
	readonly problem: string;
	/** The evidence: output of a program, a path, the nearest candidates. */
	readonly seen?: string | undefined;
	/** What the reader can do, as a sentence. */
	readonly remedy: string;
	/** The underlying error, if there was one. */
	readonly cause?: unknown;
}

/**
 * The only error type of the project: a code to branch on, and a message with the problem, the evidence and a remedy.
 */
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

/** Returns a thrown value as an error. JavaScript can throw any value. */
export function toError(thrown: unknown): Error {
	return thrown instanceof Error ? thrown : new Error(String(thrown));
}
