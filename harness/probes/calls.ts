import type { Agent } from '../agent/agent.ts';
import type { LabClock } from '../engines/engine.ts';
import { StraceReader } from '../formats/strace.ts';
import { Rings } from '../formats/strace-rings.ts';
import { type SocketFacts, TracedSockets } from '../formats/strace-sockets.ts';
import type { StraceCall } from '../formats/types.ts';
import { errnoName } from '../tcp/errnos.ts';
import { isCall } from '../timeline/call-families.ts';
import type { EventOf, HostName } from '../timeline/events.ts';
import type { History } from '../timeline/history.ts';

/**
 * The system calls to trace in addition to strace's class `%network`: calls on descriptors, calls that wait, and calls
 * that create threads and processes. Each gets a `?`, because a version of strace, or an architecture, may not have it.
 */
const TRACED = [
	...['read', 'readv', 'preadv2', 'write', 'writev', 'pwritev2', 'sendfile', 'splice', 'close'],
	...[
		'poll',
		'ppoll',
		'select',
		'pselect6',
		'epoll_wait',
		'epoll_pwait',
		'epoll_pwait2',
		'epoll_ctl',
		'restart_syscall',
	],
	...['epoll_create1', 'io_uring_setup'],
	...['clone', 'clone3', 'fork', 'vfork'],
];

/**
 * The command that traces a peer. `-D`: the tracer is the peer's grandchild, so that the peer is the agent's own child,
 * with its own pid, signals and exit. `-yy`: prints which socket a descriptor is.
 */
const STRACE = [
	...['strace', '-D', '-f', '-yy', '-ttt', '-T', '-s', '128', '--seccomp-bpf'],
	...['-e', `trace=%network,${TRACED.map((name) => `?${name}`).join()}`],
	...['-o', '@log'],
];

/** Returns the command line that runs a program under strace. */
export function straceCommand(argv: readonly string[]): string[] {
	return [...STRACE, ...argv];
}

/**
 * Waits until all tracers and all threads of controlled processes (`controlled` in /proc) sleep. A sleeping tracer has
 * handled every stop of its programs and written its log. A sleeping thread of a controlled process is still in its
 * call, or has reported the result. A stopped one (state T) may not have.
 */
const UNTIL_IDLE = `for stat in /proc/[0-9]*/task/[0-9]*/stat
	do while read -r line <$stat && [[ $line == *' (strace) '[RDT]* || $line == *' (controlled) '[RDT]* ]]; do :; done
done`;
const FLUSH_LIMIT_MS = 20_000;

/**
 * Resolves with true when the tracers and controlled processes of a host have reported all calls that returned before
 * this one; with false if they are still busy after `limitMs`. A call takes effect before strace, which its end wakes,
 * has written it to the log.
 */
export async function callsReported(userland: Agent, clock: LabClock, limitMs = FLUSH_LIMIT_MS): Promise<boolean> {
	const stop = new AbortController();
	const reported = async () => {
		await userland.run(['bash', '-c', `exec 2>&-; ${UNTIL_IDLE}`]);
		// The agent reads what is in the pipes in the turn of its loop that answers the first request. So the second answer
		// comes after that output.
		for (let round = 0; round < 2; round++) await userland.now();
		return true;
	};
	try {
		return await Promise.race([reported(), clock.sleep(limitMs, stop.signal).then(() => false)]);
	} finally {
		stop.abort();
	}
}

/** Adds the calls of one peer to the history, as strace reports them. */
export class CallProbe {
	readonly #reader = new StraceReader();
	readonly #history: History;
	readonly #host: HostName;
	readonly #peer: string;
	readonly #isAfterPowerOff: (t: number) => boolean;
	readonly #sockets = new TracedSockets();
	readonly #rings = new Rings();
	#hasRing = false;
	readonly #blocked = new Map<string, EventOf<'call'>>();
	/** The process of the peer itself: the first one that is traced. */
	#pid: number | undefined;
	#exited = false;
	/** The time of strace's latest record, in seconds of the history. */
	#latest: number;

	/** `isAfterPowerOff`: whether the peer's host was already powered off at this time. Later calls are ignored. */
	constructor(
		history: History,
		host: HostName,
		peer: string,
		isAfterPowerOff: (t: number) => boolean = () => false,
		started = 0,
	) {
		this.#isAfterPowerOff = isAfterPowerOff;
		this.#history = history;
		this.#host = host;
		this.#peer = peer;
		this.#latest = history.at(started);
	}

	push(bytes: Buffer): void {
		for (const record of this.#reader.push(bytes.toString('latin1'))) {
			this.#pid ??= record.pid;
			this.#latest = this.#history.at(record.t);
			if (record.kind === 'exit' && record.pid === this.#pid && record.tid === undefined) this.#exited = true;
			if (record.kind !== 'call' || this.#isAfterPowerOff(record.t + (record.took ?? 0))) continue;
			if (this.#rings.isUntraced(record)) this.#loseToRing(record.t);
			const facts = this.#sockets.read(record);
			if (isOfInterest(record, facts)) this.#add(record, facts);
		}
		for (const line of this.#reader.unread.splice(0)) {
			this.#history.lose({ observer: `strace of ${this.#peer}`, host: this.#host, what: `could not read: ${line}` });
		}
	}

	/** To be called when strace has closed its log. If the peer has not exited by then, strace ended too early. */
	ended(): void {
		if (this.#exited) return;
		const what = 'strace ended before its program, whose system calls may fail since (ENOSYS)';
		this.#history.lose({ observer: `strace of ${this.#peer}`, host: this.#host, what, since: this.#latest });
	}

	/**
	 * To be called when the peer was lost with its host, at `t` seconds of the history: its blocked calls never return.
	 */
	lost(t: number): void {
		for (const call of this.#blocked.values()) {
			this.#history.replace(call, {
				...call,
				took: Math.max(0, t - call.t),
				result: 'never returned: lost with its host',
			});
		}
		this.#blocked.clear();
	}

	/** Records a loss, once: calls through a ring of io_uring are not traced, so an absent call may have been made. */
	#loseToRing(t: number): void {
		if (this.#hasRing) return;
		this.#hasRing = true;
		const what = 'uses io_uring: its socket calls are not traced';
		this.#history.lose({ observer: `strace of ${this.#peer}`, host: this.#host, what, since: this.#history.at(t) });
	}

	#add(record: StraceCall, { socketError, ...facts }: SocketFacts): void {
		const { pid, tid, name, args, returned, errno, resultText, took } = record;
		const call: EventOf<'call'> = {
			kind: 'call',
			t: this.#history.at(record.t),
			host: this.#host,
			peer: this.#peer,
			pid,
			...(tid !== undefined && { tid }),
			name,
			args,
			...eventFacts(facts),
			...(returned !== undefined && { returned }),
			...(errno !== undefined && { errno }),
			...(resultText !== undefined && { result: resultText }),
			...(took !== undefined && { took }),
			source: 'strace',
		};
		const key = `${tid ?? pid} ${record.t}`;
		const blocked = this.#blocked.get(key);
		if (blocked) this.#history.replace(blocked, call);
		else this.#history.add(call);
		if (record.blocked) this.#blocked.set(key, call);
		else this.#blocked.delete(key);
		if (socketError !== undefined) this.#addSocketError(call, socketError);
	}

	/** Adds the errno that getsockopt read from SO_ERROR. No call returned it: the kernel kept it until it was read. */
	#addSocketError({ t, host, peer, took, socket }: EventOf<'call'>, socketError: string): void {
		const errno = /^\d+$/.test(socketError) ? errnoName(Number(socketError)) : socketError;
		const { local, remote } = socket ?? {};
		this.#history.add({
			kind: 'error',
			t: t + (took ?? 0),
			host,
			peer,
			errno,
			source: 'so_error',
			...(local && { local }),
			...(remote && { remote }),
		});
	}
}

/** Copies facts into the form of events, whose lists are mutable. */
function eventFacts({ waitsOn, ready, ...facts }: Omit<SocketFacts, 'socketError'>): Partial<EventOf<'call'>> {
	return { ...facts, ...(waitsOn && { waitsOn: [...waitsOn] }), ...(ready && { ready: [...ready] }) };
}

const LAST_STANDARD_STREAM = 2;

/**
 * Whether a call is recorded: calls on TCP sockets, calls that wait, and reads and writes of standard streams. Programs
 * also read files, libraries and event descriptors, and the C library asks the name service cache over a local socket
 * and connects UDP sockets to sort addresses.
 */
function isOfInterest({ name, fd, errno }: StraceCall, { socket }: SocketFacts): boolean {
	if (socket !== undefined || isCall(name, 'poll')) return true;
	// A call on a closed descriptor, or on one that is no socket: the program may use a descriptor that was a socket.
	if (errno === 'EBADF' || errno === 'ENOTSOCK') return !/^(read|write|close|splice|epoll|sendfile)/.test(name);
	return fd !== undefined && fd <= LAST_STANDARD_STREAM && /^(read|write)v?$/.test(name);
}
