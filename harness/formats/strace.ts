import { type Cloning, clones, ThreadOwners } from './strace-processes.ts';
import {
	completed,
	failedByHandler,
	incomplete,
	type Line,
	neverReturned,
	placed,
	splitLine,
	startOfCall,
	type UnfinishedCall,
	type UnplacedRecord,
} from './strace-records.ts';
import { endOfArguments, isBalanced, parseResult } from './strace-syntax.ts';
import type { StraceCall, StraceRecord } from './types.ts';

/** The rest of a trace that has ended. */
export interface StraceRest {
	/** Records of a last line without newline, and of calls that still block and were not returned yet. */
	readonly records: StraceRecord[];
	/** All lines that could not be parsed. */
	readonly unread: string[];
	/** Strace's messages about itself and about stops (`Process 12 attached`, `stopped by SIGSTOP`). */
	readonly remarks: string[];
}

/**
 * Parses the output of `strace -f -yy -ttt -T -s 64 -o file` as it grows, in chunks of any size.
 *
 * `push` returns a call that still blocks once with `blocked: true`, and again when it has returned. Both records have
 * the same thread and `t`. If the process ends during a call, the call is completed without a result at that time.
 */
export class StraceReader {
	/** Lines that are truncated, or not from strace. */
	readonly unread: string[] = [];
	readonly remarks: string[] = [];
	#rest = '';
	/** The call in the line that has no newline yet. */
	#partialLine: UnfinishedCall | undefined;
	/** Calls that have not returned, by thread: strace has printed a line of another thread since. */
	readonly #open = new Map<number, UnfinishedCall>();
	readonly #owners = new ThreadOwners();
	/** Records of threads whose process is not known yet. */
	#unplaced: UnplacedRecord[] = [];

	push(text: string): StraceRecord[] {
		const lines = (this.#rest + text).split('\n');
		this.#rest = lines.pop() ?? '';
		const records = lines.flatMap((line) => this.#readLine(line));
		return [...records, ...this.#blocked()];
	}

	/** Returns the rest. To be called once, after the last `push`. */
	end(): StraceRest {
		const last = this.#rest;
		this.#rest = '';
		const isOpenCall = this.#startOf(last) !== undefined;
		const records = last === '' ? [] : this.#readLine(last, isOpenCall ? ' <unfinished ...>' : '');
		const unplaced = this.#unplaced.splice(0).map((record) => placed(record, record.tid));
		return { records: [...records, ...unplaced, ...this.#blocked()], unread: this.unread, remarks: this.remarks };
	}

	#readLine(text: string, addition = ''): StraceRecord[] {
		const partialLine = this.#partialLine;
		this.#partialLine = undefined;
		const line = splitLine(text + addition);
		if (line) {
			// The process of a new thread is found at its first line, when the call that created it is still known.
			const owner = this.#owners.ownerOf(line.tid, this.#cloning);
			const records =
				this.#readEnd(line) ?? this.#readResumed(line) ?? this.#readCall(line, partialLine?.reported ?? false);
			if (records) return this.#placed(records, line.tid, owner);
		}
		if (/^strace: |^\[ Process /.test(line?.body ?? text)) this.remarks.push(text);
		else if (text.trim() !== '') this.unread.push(text);
		return [];
	}

	get #cloning(): Cloning[] {
		return [...this.#open.values()].filter(({ name }) => clones(name));
	}

	/** Returns the records with their process, and earlier records of other threads whose process is known now. */
	#placed(records: readonly UnplacedRecord[], tid: number, owner: number | undefined): StraceRecord[] {
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

	#cloned(record: UnplacedRecord & StraceCall): void {
		if (record.returned !== undefined && record.returned > 0) this.#owners.made(record, record.returned);
		else this.#owners.failed(record);
	}

	/** Parses signals, stops and ends (strace.c, `print_stopped`, `print_signalled`, `print_exited`). */
	#readEnd({ tid, t, body, whole }: Line): UnplacedRecord[] | undefined {
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
	 * Handles an execve in a thread that is not the leader: the thread continues under the leader's number, and the
	 * leader's own call never returns.
	 */
	#supersede(leader: number, t: number, successor: number): UnplacedRecord[] {
		const lost = this.#takeOpen(leader);
		const execve = this.#takeOpen(successor);
		// The record of the execve keeps the number under which it was reported.
		if (execve) this.#open.set(leader, execve);
		return lost ? [neverReturned(lost, lost.args, t, 'another thread called execve')] : [];
	}

	#readResumed({ tid, t, body }: Line): UnplacedRecord[] | undefined {
		const restarted = this.#readRestart({ tid, t, body });
		if (restarted) return restarted;
		const [head, name] = /^<\.\.\. (\w+) resumed>/.exec(body) ?? [];
		const open = this.#open.get(tid);
		const isIt = open?.name === name || (open?.restarted !== undefined && name === 'restart_syscall');
		if (head === undefined || open === undefined || !isIt) return undefined;
		this.#open.delete(tid);
		return this.#readArguments({ ...open, args: '' }, open.args + body.slice(head.length), t);
	}

	/**
	 * Parses `restart_syscall(<... resuming interrupted poll ...>) = 0`: the result of a poll that a stop interrupted.
	 */
	#readRestart({ tid, t, body }: Pick<Line, 'tid' | 't' | 'body'>): UnplacedRecord[] | undefined {
		const [head] = /^restart_syscall\(<\.\.\. resuming interrupted [\w ]+ \.\.\.>/.exec(body) ?? [];
		if (head === undefined || !this.#open.get(tid)?.interrupted) return undefined;
		const open = this.#takeOpen(tid);
		return open && this.#readArguments({ ...open, args: '', restarted: t }, open.args + body.slice(head.length), t);
	}

	#readCall(line: Line, reported: boolean): UnplacedRecord[] | undefined {
		const start = startOfCall(line);
		if (!start) return undefined;
		// If a thread makes another call, the interrupted one was not restarted: a signal handler ran, and the program got
		// EINTR (signal(7)).
		const interrupted = this.#open.get(line.tid)?.interrupted && this.#takeOpen(line.tid);
		const records = this.#readArguments({ ...start, reported }, start.args, line.t);
		if (!records && interrupted) this.#open.set(line.tid, interrupted);
		return records && [...(interrupted ? [failedByHandler(interrupted)] : []), ...records];
	}

	/**
	 * Parses the arguments and the result of a call.
	 *
	 * @param text the text after the opening parenthesis
	 * @param t the time of the line that ends the call
	 */
	#readArguments(call: UnfinishedCall, text: string, t: number): UnplacedRecord[] | undefined {
		const interrupted = / <(?:unfinished|detached) \.\.\.>$/.exec(text);
		if (interrupted) {
			this.#leaveOpen({ ...call, args: text.slice(0, interrupted.index) });
			return [];
		}
		const end = endOfArguments(text);
		if (end === undefined) return undefined;
		// exit_group or execve ended the thread during the call: `<... read resumed> <unfinished ...>) = ?`.
		const args = text.slice(0, end.at).replace(/ <unfinished \.\.\.>$/, '');
		if (end.result.startsWith('? ERESTART_RESTARTBLOCK')) {
			this.#leaveOpen({ ...call, args, interrupted: parseResult(end.result) });
			return [];
		}
		if (!/^\?( <unavailable>)?$/.test(end.result) || /^exit(_group)?$/.test(call.name))
			return [completed(call, args, parseResult(end.result))];
		if (t > call.t) return [neverReturned(call, args, t, 'its thread ended')];
		// The beginning and the end of the call are in one line. The time of its end is that of the end of its thread.
		this.#leaveOpen({ ...call, args });
		return [];
	}

	#leaveOpen(call: UnfinishedCall): void {
		const forgotten = this.#open.get(call.tid);
		if (forgotten) this.unread.push(`${forgotten.tid} ${forgotten.t} ${forgotten.name}(${forgotten.args}`);
		this.#open.set(call.tid, call);
	}

	#takeOpen(tid: number): UnfinishedCall | undefined {
		const open = this.#open.get(tid);
		this.#open.delete(tid);
		return open;
	}

	/** Returns records of the blocked calls that were not returned yet. */
	#blocked(): StraceRecord[] {
		this.#partialLine ??= this.#startOf(this.#rest);
		const open = [...this.#open.values(), ...(this.#partialLine ? [this.#partialLine] : [])].filter(
			(call) => !call.reported,
		);
		return open.flatMap((call) => {
			const owner = this.#owners.ownerOf(call.tid, this.#cloning);
			call.reported = owner !== undefined;
			return owner === undefined ? [] : [placed({ ...incomplete(call, call.args), blocked: true }, owner)];
		});
	}

	/**
	 * Parses the beginning of a call in a line without newline. Returns undefined until the name and the first argument
	 * are complete, because a chunk may end anywhere.
	 */
	#startOf(text: string): UnfinishedCall | undefined {
		const line = splitLine(text);
		const start = line && startOfCall(line);
		// `close(3`: more digits may follow, and the annotation (`<…>`) is missing.
		const isComplete = start && isBalanced(start.args) && !/^-?\d+$/.test(start.args);
		return isComplete ? start : undefined;
	}
}
