import type { Agent } from '../agent/agent.ts';
import type { LabClock } from '../engines/engine.ts';
import { StraceReader } from '../formats/strace.ts';
import { Rings } from '../formats/strace-rings.ts';
import { type SocketFacts, TracedSockets } from '../formats/strace-sockets.ts';
import type { StraceCall } from '../formats/types.ts';
import { errnoName } from '../tcp/errnos.ts';
import type { EventOf, HostName } from '../timeline/events.ts';
import { type History, isCall } from '../timeline/history.ts';

/**
 * Calls on sockets beside those that strace counts as network calls, waiting, and what makes threads and processes; a
 * `?` where strace, or the machine, may not have one.
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
 * What tells the story of a connection: the socket calls, waiting, reading and writing. `-D`: the tracer is the peer's
 * grandchild, so that the peer is the agent's own child, with its own pid, signals and exit. `-yy`: which socket a
 * descriptor is.
 */
const STRACE = [
	...['strace', '-D', '-f', '-yy', '-ttt', '-T', '-s', '128', '--seccomp-bpf'],
	...['-e', `trace=%network,${TRACED.map((name) => `?${name}`).join()}`],
	...['-o', '@log'],
];

/** The command line under observation. */
export function straceCommand(argv: readonly string[]): string[] {
	return [...STRACE, ...argv];
}

/**
 * A tracer that sleeps has handled every stop of its programs, and written down what it saw; a thread of a controlled
 * process (in /proc: `puppet`) that sleeps is in its call still, or has told what it returned. One that was stopped has
 * not.
 */
const UNTIL_IDLE = `for stat in /proc/[0-9]*/task/[0-9]*/stat
	do while read -r line <$stat && [[ $line == *' (strace) '[RDT]* || $line == *' (puppet) '[RDT]* ]]; do :; done
done`;
const FLUSH_LIMIT_MS = 20_000;

/**
 * Resolves when the tracers and controlled processes of a host have told all calls that had returned before; with false
 * where they were still busy when the limit passed. A call takes effect before strace, woken by its end, has written it down.
 */
export async function callsReported(userland: Agent, clock: LabClock, limitMs = FLUSH_LIMIT_MS): Promise<boolean> {
	const stop = new AbortController();
	const told = async () => {
		await userland.run(['bash', '-c', `exec 2>&-; ${UNTIL_IDLE}`]);
		// What was in the pipe by then, the agent reads in the round of its loop that answers the first; the second answer
		// comes after it.
		for (let round = 0; round < 2; round++) await userland.now();
		return true;
	};
	try {
		return await Promise.race([told(), clock.sleep(limitMs, stop.signal).then(() => false)]);
	} finally {
		stop.abort();
	}
}

/** Puts what strace says of one peer into the history. */
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
	/** The process of the peer itself, which is the first that is traced. */
	#pid: number | undefined;
	#exited = false;
	/** When strace last told something, in seconds of the history. */
	#latest: number;

	/** `isAfterPowerOff` tells whether the peer's host had lost its power by then: nothing of that is told. */
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

	/** Nobody writes to the log any more: strace has ended, and it ends after its program. */
	ended(): void {
		if (this.#exited) return;
		const what = 'strace ended before its program, whose system calls may fail since (ENOSYS)';
		this.#history.lose({ observer: `strace of ${this.#peer}`, host: this.#host, what, since: this.#latest });
	}

	/** The peer is gone with its host, at this time of the history: none of its calls will return any more. */
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

	/** What goes through a ring is not seen, so what is not seen may have been called, from then on. */
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

	/** SO_ERROR is an errno that no call returned: the kernel kept it for who asks. */
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

/** Facts as events have them: in lists of their own. */
function eventFacts({ waitsOn, ready, ...facts }: Omit<SocketFacts, 'socketError'>): Partial<EventOf<'call'>> {
	return { ...facts, ...(waitsOn && { waitsOn: [...waitsOn] }), ...(ready && { ready: [...ready] }) };
}

const LAST_STANDARD_STREAM = 2;

/**
 * Programs also read files, libraries and event descriptors, and the C library asks the name service cache over a local
 * socket, and connects UDP sockets to sort addresses: of all calls only those on TCP sockets, those that wait, and what
 * goes over standard streams.
 */
function isOfInterest({ name, fd, errno }: StraceCall, { socket }: SocketFacts): boolean {
	if (socket !== undefined || isCall(name, 'poll')) return true;
	// A call on a descriptor that is none: the program takes it for the socket that it was.
	if (errno === 'EBADF' || errno === 'ENOTSOCK') return !/^(read|write|close|splice|epoll|sendfile)/.test(name);
	return fd !== undefined && fd <= LAST_STANDARD_STREAM && /^(read|write)v?$/.test(name);
}
