import type { StraceResult } from './strace-syntax.ts';
import type { StraceCall, StraceRecord } from './types.ts';

/** A call that was entered and has not returned yet. */
export interface UnfinishedCall {
	readonly tid: number;
	readonly t: number;
	readonly name: string;
	readonly args: string;
	/** Whether a record with `blocked: true` was returned. */
	reported: boolean;
	/** The result if a stop interrupted it: restart_syscall(2) continues it, unless a signal handler ran in between. */
	readonly interrupted?: StraceResult;
	/** When restart_syscall(2) continued it. */
	readonly restarted?: number;
}

/** A record whose process is not known yet, only its thread. */
export type UnplacedRecord = StraceRecord & { readonly tid: number };

/** A line, split into the number of its thread, its time, and the rest. */
export interface Line {
	readonly tid: number;
	readonly t: number;
	readonly body: string;
	readonly whole: string;
}

/**
 * Splits a line such as `47    1795164282.378685 accept4(…`. strace pads the number to five columns (strace.c,
 * `printleader`).
 */
export function splitLine(text: string): Line | undefined {
	const [head, tid, t] = /^(\d+) +(\d+\.\d+) /.exec(text) ?? [];
	return head === undefined
		? undefined
		: { tid: Number(tid), t: Number(t), body: text.slice(head.length), whole: text };
}

/** Parses the name of a call. Returns undefined if the line is not the beginning of a call. */
export function startOfCall({ tid, t, body }: Line): UnfinishedCall | undefined {
	const [head, name] = /^([a-z_]\w*)\(/i.exec(body) ?? [];
	return head === undefined || name === undefined
		? undefined
		: { tid, t, name, args: body.slice(head.length), reported: false };
}

/** Adds the process to a record, and removes the thread if it is the first one of the process. */
export function placed({ tid, ...record }: UnplacedRecord, pid: number): StraceRecord {
	return { ...record, pid, ...(tid !== pid && { tid }) };
}

/** Makes the record of a call that has returned. */
export function completed(call: UnfinishedCall, args: string, result: StraceResult): UnplacedRecord & StraceCall {
	const { t, restarted = t } = call;
	const took = result.took === undefined ? {} : { took: Math.round((restarted - t + result.took) * 1e6) / 1e6 };
	return { ...incomplete(call, args, result.errno), ...result, ...took, blocked: false };
}

/** Makes the record of an interrupted call that was not restarted, because a signal handler ran. */
export function failedByHandler({ interrupted, ...call }: UnfinishedCall): UnplacedRecord & StraceCall {
	return completed(call, call.args, {
		...interrupted,
		returned: -1,
		errno: 'EINTR',
		resultText: 'Interrupted by signal',
	});
}

/**
 * Makes the record of a call that never returned.
 *
 * @param t the time at which that was known
 */
export function neverReturned(call: UnfinishedCall, args: string, t: number, why: string): UnplacedRecord & StraceCall {
	const took = Math.max(0, Math.round((t - call.t) * 1e6) / 1e6);
	return completed({ ...call, restarted: call.t }, args, { resultText: `never returned: ${why}`, took });
}

/** Makes the fields of a record that do not depend on the result. */
export function incomplete(
	{ tid, t, name }: UnfinishedCall,
	args: string,
	errno?: string,
): Omit<StraceCall, 'blocked'> & { readonly tid: number } {
	// With -yy every open descriptor has an annotation (`<…>`). A number without one is a descriptor only if the kernel
	// returned EBADF.
	const [fd] = (errno === 'EBADF' ? /^\d+(?=[,<]|$)/ : /^\d+(?=<)/).exec(args) ?? [];
	return { kind: 'call', pid: tid, tid, t, name, args, ...(fd !== undefined && { fd: Number(fd) }) };
}
