import { type Cloning, clones, ThreadOwners } from './strace-processes.ts';
import { endOfArguments, isBalanced, parseResult, type StraceResult } from './strace-syntax.ts';
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
	readonly tid: number;
	readonly t: number;
	readonly name: string;
	readonly args: string;
	/** Whether a blocked record was handed out. */
	reported: boolean;
	/** A stop interrupted it: it goes on by restart_syscall(2), unless a signal handler ran meanwhile. */
	readonly interrupted?: StraceResult;
	/** When it went on. */
	readonly restarted?: number;
}

/** A record of which only the thread is known yet. */
type Unplaced = StraceRecord & { readonly tid: number };

/** A line with the number of its thread and its time split off. */
interface Line {
	readonly tid: number;
	readonly t: number;
	readonly body: string;
	readonly whole: string;
}

/**
 * Reads the output of `strace -f -yy -ttt -T -s 64 -o file` as it grows, in pieces of any size.
 *
 * A call that is still blocked when a push ends is handed out once with `blocked: true`, and once more when it has
 * returned; its thread and `t` tell that it is the same. A call whose process ends inside it is completed without a
 * result, at that time.
 */
export class StraceReader {
	/** Lines that are not of strace, or cut. */
	readonly unread: string[] = [];
	readonly remarks: string[] = [];
	#rest = '';
	/** Of the line that has no newline yet. */
	#unfinishedLine: OpenCall | undefined;
	/** Of calls during which strace went on to print another thread, by thread. */
	readonly #open = new Map<number, OpenCall>();
	readonly #owners = new ThreadOwners();
	/** Of threads whose process is not known yet. */
	#unplaced: Unplaced[] = [];

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
		const unplaced = this.#unplaced.splice(0).map((record) => placed(record, record.tid));
		return { records: [...records, ...unplaced, ...this.#blocked()], unread: this.unread, remarks: this.remarks };
	}

	#readLine(text: string, addition = ''): StraceRecord[] {
		const unfinishedLine = this.#unfinishedLine;
		this.#unfinishedLine = undefined;
		const line = splitHead(text + addition);
		if (line) {
			// Whose the thread is, its first line tells best: what made it cannot have been forgotten by then.
			const owner = this.#owners.ownerOf(line.tid, this.#cloning);
			const records =
				this.#readEnd(line) ?? this.#readResumed(line) ?? this.#readCall(line, unfinishedLine?.reported ?? false);
			if (records) return this.#placed(records, line.tid, owner);
		}
		if (/^strace: |^\[ Process /.test(line?.body ?? text)) this.remarks.push(text);
		else if (text.trim() !== '') this.unread.push(text);
		return [];
	}

	get #cloning(): Cloning[] {
		return [...this.#open.values()].filter(({ name }) => clones(name));
	}

	/** Gives records their process, and hands out those of other threads whose process they tell. */
	#placed(records: readonly Unplaced[], tid: number, owner: number | undefined): StraceRecord[] {
		this.#unplaced.push(...records);
		for (const record of records)
			if (record.kind === 'call' && !record.blocked && clones(record.name)) this.#cloned(record);
		const ready: StraceRecord[] = [];
		this.#unplaced = this.#unplaced.filter((record) => {
			const known = record.tid === tid && owner !== undefined ? owner : this.#owners.ownerOf(record.tid, this.#cloning);
			if (known !== undefined) ready.push(placed(record, known));
			return known === undefined;
		});
		for (const { kind, tid: ended } of records) if (kind === 'exit') this.#owners.ended(ended);
		return ready;
	}

	#cloned(record: Unplaced & StraceCall): void {
		if (record.returned !== undefined && record.returned > 0) this.#owners.made(record, record.returned);
		else this.#owners.failed(record);
	}

	/** Signals, stops and ends: strace.c, `print_stopped`, `print_signalled`, `print_exited`. */
	#readEnd({ tid, t, body, whole }: Line): Unplaced[] | undefined {
		const signal = /^--- (SIG\w+) \{.*\} ---$/.exec(body)?.[1];
		if (signal) return [{ kind: 'signal', pid: tid, tid, t, signal }];
		if (/^--- (stopped by )?SIG\w+ ---$/.test(body)) {
			this.remarks.push(whole);
			return [];
		}
		const [, status, killer, successor] =
			/^\+\+\+ (?:exited with (\d+)|killed by (SIG\w+)(?: \(core dumped\))?|superseded by execve in pid (\d+)) \+\+\+$/.exec(
				body,
			) ?? [];
		if (successor) return this.#supersede(tid, t, Number(successor));
		if (!status && !killer) return undefined;
		const open = this.#takeOpen(tid);
		const why = killer ? `killed by ${killer}` : `exited with ${status}`;
		return [
			...(open ? [neverReturned(open, open.args, t, why)] : []),
			{ kind: 'exit', pid: tid, tid, t, status: killer ?? Number(status) },
		];
	}

	/**
	 * When a thread calls execve, it goes on under the number of the thread that led the process; the leader's own call
	 * never returns.
	 */
	#supersede(leader: number, t: number, successor: number): Unplaced[] {
		const lost = this.#takeOpen(leader);
		const execve = this.#takeOpen(successor);
		// Its record keeps the number under which it was reported.
		if (execve) this.#open.set(leader, execve);
		return lost ? [neverReturned(lost, lost.args, t, 'another thread called execve')] : [];
	}

	#readResumed({ tid, t, body }: Line): Unplaced[] | undefined {
		const restarted = this.#readRestart({ tid, t, body });
		if (restarted) return restarted;
		const [head, name] = /^<\.\.\. (\w+) resumed>/.exec(body) ?? [];
		const open = this.#open.get(tid);
		const isIt = open?.name === name || (open?.restarted !== undefined && name === 'restart_syscall');
		if (head === undefined || open === undefined || !isIt) return undefined;
		this.#open.delete(tid);
		return this.#readArguments({ ...open, args: '' }, open.args + body.slice(head.length), t);
	}

	/** `restart_syscall(<... resuming interrupted poll ...>) = 0`: the poll that a stop interrupted, and its result. */
	#readRestart({ tid, t, body }: Pick<Line, 'tid' | 't' | 'body'>): Unplaced[] | undefined {
		const [head] = /^restart_syscall\(<\.\.\. resuming interrupted [\w ]+ \.\.\.>/.exec(body) ?? [];
		if (head === undefined || !this.#open.get(tid)?.interrupted) return undefined;
		const open = this.#takeOpen(tid);
		return open && this.#readArguments({ ...open, args: '', restarted: t }, open.args + body.slice(head.length), t);
	}

	#readCall(line: Line, reported: boolean): Unplaced[] | undefined {
		const start = startOfCall(line);
		if (!start) return undefined;
		// A thread that makes another call did not go on with the interrupted one: a handler ran, and the program got EINTR
		// (signal(7)).
		const interrupted = this.#open.get(line.tid)?.interrupted && this.#takeOpen(line.tid);
		const records = this.#readArguments({ ...start, reported }, start.args, line.t);
		if (!records && interrupted) this.#open.set(line.tid, interrupted);
		return records && [...(interrupted ? [failedByHandler(interrupted)] : []), ...records];
	}

	/**
	 * @param text from behind the opening parenthesis on
	 * @param t of the line that ends it
	 */
	#readArguments(call: OpenCall, text: string, t: number): Unplaced[] | undefined {
		const interrupted = / <(?:unfinished|detached) \.\.\.>$/.exec(text);
		if (interrupted) {
			this.#leaveOpen({ ...call, args: text.slice(0, interrupted.index) });
			return [];
		}
		const end = endOfArguments(text);
		if (end === undefined) return undefined;
		// A thread that is taken away by exit_group or execve inside a call: `<... read resumed> <unfinished ...>) = ?`.
		const args = text.slice(0, end.at).replace(/ <unfinished \.\.\.>$/, '');
		if (end.result.startsWith('? ERESTART_RESTARTBLOCK')) {
			this.#leaveOpen({ ...call, args, interrupted: parseResult(end.result) });
			return [];
		}
		if (!/^\?( <unavailable>)?$/.test(end.result) || /^exit(_group)?$/.test(call.name))
			return [finished(call, args, parseResult(end.result))];
		if (t > call.t) return [neverReturned(call, args, t, 'its thread ended')];
		// In one line with its beginning: when that was, the end of the thread tells.
		this.#leaveOpen({ ...call, args });
		return [];
	}

	#leaveOpen(call: OpenCall): void {
		const forgotten = this.#open.get(call.tid);
		if (forgotten) this.unread.push(`${forgotten.tid} ${forgotten.t} ${forgotten.name}(${forgotten.args}`);
		this.#open.set(call.tid, call);
	}

	#takeOpen(tid: number): OpenCall | undefined {
		const open = this.#open.get(tid);
		this.#open.delete(tid);
		return open;
	}

	/** The calls that nobody was told of yet. */
	#blocked(): StraceRecord[] {
		this.#unfinishedLine ??= this.#startOf(this.#rest);
		const open = [...this.#open.values(), ...(this.#unfinishedLine ? [this.#unfinishedLine] : [])].filter(
			(call) => !call.reported,
		);
		return open.flatMap((call) => {
			const owner = this.#owners.ownerOf(call.tid, this.#cloning);
			call.reported = owner !== undefined;
			return owner === undefined ? [] : [placed({ ...described(call, call.args), blocked: true }, owner)];
		});
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

/** `47    1795164282.378685 accept4(…`: strace pads the number to five columns (strace.c, `printleader`). */
function splitHead(text: string): Line | undefined {
	const [head, tid, t] = /^(\d+) +(\d+\.\d+) /.exec(text) ?? [];
	return head === undefined
		? undefined
		: { tid: Number(tid), t: Number(t), body: text.slice(head.length), whole: text };
}

function startOfCall({ tid, t, body }: Line): OpenCall | undefined {
	const [head, name] = /^([a-z_]\w*)\(/i.exec(body) ?? [];
	return head === undefined || name === undefined
		? undefined
		: { tid, t, name, args: body.slice(head.length), reported: false };
}

/** A record with its process; its thread is told only where it is another than the first. */
function placed({ tid, ...record }: Unplaced, pid: number): StraceRecord {
	return { ...record, pid, ...(tid !== pid && { tid }) };
}

function finished(call: OpenCall, args: string, result: StraceResult): Unplaced & StraceCall {
	const { t, restarted = t } = call;
	const took = result.took === undefined ? {} : { took: Math.round((restarted - t + result.took) * 1e6) / 1e6 };
	return { ...described(call, args, result.errno), ...result, ...took, blocked: false };
}

function failedByHandler({ interrupted, ...call }: OpenCall): Unplaced & StraceCall {
	return finished(call, call.args, {
		...interrupted,
		returned: -1,
		errno: 'EINTR',
		resultText: 'Interrupted by signal',
	});
}

/** @param t when that was certain */
function neverReturned(call: OpenCall, args: string, t: number, why: string): Unplaced & StraceCall {
	const took = Math.max(0, Math.round((t - call.t) * 1e6) / 1e6);
	return finished({ ...call, restarted: call.t }, args, { resultText: `never returned: ${why}`, took });
}

function described(
	{ tid, t, name }: OpenCall,
	args: string,
	errno?: string,
): Omit<StraceCall, 'blocked'> & { readonly tid: number } {
	// With -yy every open descriptor carries its `<…>`; a number without one is a descriptor only where the kernel says
	// it is a bad one.
	const [fd] = (errno === 'EBADF' ? /^\d+(?=[,<]|$)/ : /^\d+(?=<)/).exec(args) ?? [];
	return { kind: 'call', pid: tid, tid, t, name, args, ...(fd !== undefined && { fd: Number(fd) }) };
}
