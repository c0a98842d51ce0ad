/** Every way halfopen refuses or fails, by name. */
export type ErrorCode =
	| 'ENGINE_UNREACHABLE'
	| 'ENGINE_GONE'
	| 'ENGINE_REFUSED'
	| 'IMAGE_MISSING'
	| 'SYSCTL_UNKNOWN'
	| 'SYSCTL_REFUSED'
	| 'PORT_OUT_OF_RANGE'
	| 'FLAGS_IMPOSSIBLE'
	| 'ADDRESS_INVALID'
	| 'NAME_TAKEN'
	| 'TOOL_MISSING'
	| 'AGENT_GONE'
	| 'AGENT_PROTOCOL'
	| 'CALL_FAILED'
	| 'PEER_EXITED'
	| 'HOST_OFF'
	| 'HOST_PAUSED'
	| 'FAULT_WITHOUT_EFFECT'
	| 'LIMIT_PASSED'
	| 'CANNOT_HAPPEN'
	| 'TOO_EARLY'
	| 'EXPECTATION_FAILED'
	| 'MATCHER_UNKNOWN'
	| 'FAULT_UNKNOWN'
	| 'OPTION_UNKNOWN'
	| 'OPTION_INVALID'
	| 'OBSERVER_LOST'
	| 'BAD_ARGUMENT'
	| 'RUN_MISSING'
	| 'RUN_INVALID'
	| 'KERNEL_UNKNOWN'
	| 'KERNEL_MISSING'
	| 'DOWNLOAD_FAILED'
	| 'INDEX_EXPIRED'
	| 'DISK_FULL'
	| 'SNAPSHOT_UNUSABLE'
	| 'GUEST_LOST'
	| 'REPORT_UNREADABLE'
	| 'SETUP_FAILED';

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
