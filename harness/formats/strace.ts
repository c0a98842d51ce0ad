import { endOfArguments, isBalanced, parseResult } from './strace-syntax.ts';
import type { StraceCall, StraceRecord } from './types.ts';

/** What is left when the trace has ended. */
export interface StraceEnd {
	/** From a last line without newline, and calls that still block and were not reported yet. */
	readonly records: StraceRecord[];
	/** All lines that could not be read, from first to last. */
	readonly unread: string[];
	/** What strace said about itself and about stops (`Process 12 attached`, `stopped by SIGSTOP`). */
	readonly remarks: string[];
}

/** A call that was entered and has not returned yet. */
interface OpenCall {
	readonly pid: number;
	readonly t: number;
	readonly name: string;
	readonly args: string;
	/** Whether a blocked record was handed out. */
	reported: boolean;
}

/** A line with its pid and time split off. */
interface Line {
	readonly pid: number;
	readonly t: number;
	readonly body: string;
	readonly whole: string;
}

/**
 * Reads the output of `strace -f -yy -ttt -T -s 64 -o file` as it grows, in pieces of any size.
 *
 * A call that is still blocked when a push ends is handed out once with `blocked: true`, and once more when it has returned; `pid`
 * and `t` tell that it is the same. A call whose process ends inside it is completed without a result.
 */
export class StraceReader {
	/** Lines that are not of strace, or cut. */
	readonly unread: string[] = [];
	readonly remarks: string[] = [];
	#rest = '';
	/** Of the line that has no newline yet. */
	#unfinishedLine: OpenCall | undefined;
	/** Of calls during which strace went on to print another process, by pid. */
	readonly #open = new Map<number, OpenCall>();

	push(text: string): StraceRecord[] {
		const lines = (this.#rest + text).split('\n');
		this.#rest = lines.pop() ?? '';
		const records = lines.flatMap((line) => this.#readLine(line));
		return [...records, ...this.#blocked()];
	}

	/** Call it once, after the last push. */
	end(): StraceEnd {
		const last = this.#rest;
		this.#rest = '';
		const isOpenCall = this.#startOf(last) !== undefined;
		const records = last === '' ? [] : this.#readLine(last, isOpenCall ? ' <unfinished ...>' : '');
		return { records: [...records, ...this.#blocked()], unread: this.unread, remarks: this.remarks };
	}

	#readLine(text: string, addition = ''): StraceRecord[] {
		const unfinishedLine = this.#unfinishedLine;
		this.#unfinishedLine = undefined;
		const line = splitHead(text + addition);
		if (line) {
			const records = this.#readEnd(line) ?? this.#readResumed(line) ?? this.#readCall(line, unfinishedLine?.reported ?? false);
			if (records) return records;
		}
		if (/^strace: |^\[ Process /.test(line?.body ?? text)) this.remarks.push(text);
		else if (text.trim() !== '') this.unread.push(text);
		return [];
	}

	/** Signals, stops and ends: strace.c, `print_stopped`, `print_signalled`, `print_exited`. */
	#readEnd({ pid, t, body, whole }: Line): StraceRecord[] | undefined {
		const signal = /^--- (SIG\w+) \{.*\} ---$/.exec(body)?.[1];
		if (signal) return [{ kind: 'signal', pid, t, signal }];
		if (/^--- (stopped by )?SIG\w+ ---$/.test(body)) {
			this.remarks.push(whole);
			return [];
		}
		const [, status, killer, successor] =
			/^\+\+\+ (?:exited with (\d+)|killed by (SIG\w+)(?: \(core dumped\))?|superseded by execve in pid (\d+)) \+\+\+$/.exec(body) ?? [];
		if (successor) return this.#supersede(pid, Number(successor));
		if (!status && !killer) return undefined;
		const open = this.#takeOpen(pid);
		return [...(open ? [finished(open, open.args)] : []), { kind: 'exit', pid, t, status: killer ?? Number(status) }];
	}

	/** When a thread calls execve, it goes on under the pid of the thread that led the process; the leader's own call never returns. */
	#supersede(leader: number, successor: number): StraceRecord[] {
		const lost = this.#takeOpen(leader);
		const execve = this.#takeOpen(successor);
		// Its record keeps the pid under which it was reported.
		if (execve) this.#open.set(leader, execve);
		return lost ? [finished(lost, lost.args)] : [];
	}

	#readResumed({ pid, body }: Line): StraceRecord[] | undefined {
		const [head, name] = /^<\.\.\. (\w+) resumed>/.exec(body) ?? [];
		if (head === undefined || this.#open.get(pid)?.name !== name) return undefined;
		const open = this.#takeOpen(pid);
		return open && this.#readArguments({ ...open, args: '' }, open.args + body.slice(head.length));
	}

	#readCall(line: Line, reported: boolean): StraceRecord[] | undefined {
		const start = startOfCall(line);
		return start && this.#readArguments({ ...start, reported }, start.args);
	}

	/** @param text from behind the opening parenthesis on */
	#readArguments(call: OpenCall, text: string): StraceRecord[] | undefined {
		const interrupted = / <(?:unfinished|detached) \.\.\.>$/.exec(text);
		if (interrupted) {
			this.#leaveOpen({ ...call, args: text.slice(0, interrupted.index) });
			return [];
		}
		const end = endOfArguments(text);
		if (end === undefined) return undefined;
		// A thread that is taken away by exit_group or execve inside a call: `<... read resumed> <unfinished ...>) = ?`.
		return [finished(call, text.slice(0, end.at).replace(/ <unfinished \.\.\.>$/, ''), end.result)];
	}

	#leaveOpen(call: OpenCall): void {
		const forgotten = this.#open.get(call.pid);
		if (forgotten) this.unread.push(`${forgotten.pid} ${forgotten.t} ${forgotten.name}(${forgotten.args}`);
		this.#open.set(call.pid, call);
	}

	#takeOpen(pid: number): OpenCall | undefined {
		const open = this.#open.get(pid);
		this.#open.delete(pid);
		return open;
	}

	/** The calls that nobody was told of yet. */
	#blocked(): StraceCall[] {
		this.#unfinishedLine ??= this.#startOf(this.#rest);
		const open = [...this.#open.values(), ...(this.#unfinishedLine ? [this.#unfinishedLine] : [])].filter((call) => !call.reported);
		for (const call of open) call.reported = true;
		return open.map((call) => ({ ...described(call, call.args), blocked: true }));
	}

	/** The call that an unfinished line begins, once it is clear which call on what: a read may cut the file anywhere. */
	#startOf(text: string): OpenCall | undefined {
		const line = splitHead(text);
		const start = line && startOfCall(line);
		// `close(3`: the number may go on, and says nothing before its `<` has arrived.
		const isClear = start && isBalanced(start.args) && !/^-?\d+$/.test(start.args);
		return isClear ? start : undefined;
	}
}

/** `47    1795164282.378685 accept4(…`: strace pads the pid to five columns (strace.c, `printleader`). */
function splitHead(text: string): Line | undefined {
	const [head, pid, t] = /^(\d+) +(\d+\.\d+) /.exec(text) ?? [];
	return head === undefined ? undefined : { pid: Number(pid), t: Number(t), body: text.slice(head.length), whole: text };
}

function startOfCall({ pid, t, body }: Line): OpenCall | undefined {
	const [head, name] = /^([a-z_]\w*)\(/i.exec(body) ?? [];
	return head === undefined || name === undefined ? undefined : { pid, t, name, args: body.slice(head.length), reported: false };
}

function finished(call: OpenCall, args: string, result = '?'): StraceCall {
	const parsed = parseResult(result);
	return { ...described(call, args, parsed.errno), ...parsed, blocked: false };
}

function described({ pid, t, name }: OpenCall, args: string, errno?: string): Omit<StraceCall, 'blocked'> {
	// With -yy every open descriptor carries its `<…>`; a number without one is a descriptor only where the kernel says it is a bad one.
	const [fd] = (errno === 'EBADF' ? /^\d+(?=[,<]|$)/ : /^\d+(?=<)/).exec(args) ?? [];
	return { kind: 'call', pid, t, name, args, ...(fd !== undefined && { fd: Number(fd) }) };
}
