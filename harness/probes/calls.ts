import type { Agent } from '../agent/agent.ts';
import type { LabClock } from '../engines/engine.ts';
import { StraceReader } from '../formats/strace.ts';
import type { StraceCall } from '../formats/types.ts';
import type { EventOf, HostName } from '../timeline/events.ts';
import type { History } from '../timeline/history.ts';

/**
 * What tells the story of a connection: the socket calls, waiting, reading and writing. `-D`: the tracer is the peer's grandchild, so that
 * the peer is the agent's own child, with its own pid, signals and exit. `-yy`: which socket a descriptor is.
 */
const STRACE = [
	...['strace', '-D', '-f', '-yy', '-ttt', '-T', '-s', '128', '--seccomp-bpf'],
	...['-e', 'trace=%network,read,readv,write,writev,close,poll,ppoll,select,pselect6,epoll_wait,epoll_pwait,epoll_pwait2'],
	...['-o', '@log'],
];

/** The command line under observation. */
export function traced(argv: readonly string[]): string[] {
	return [...STRACE, ...argv];
}

/**
 * A tracer that sleeps has handled every stop of its programs, and written down what it saw; a thread of a puppet that sleeps is in its call still, or
 * has told what it returned. One that was stopped has not.
 */
const UNTIL_TOLD = `for stat in /proc/[0-9]*/task/[0-9]*/stat
	do while read -r line <$stat && [[ $line == *' (strace) '[RDT]* || $line == *' (puppet) '[RDT]* ]]; do :; done
done`;
const FLUSH_LIMIT_MS = 20_000;

/**
 * Resolves when the tracers and puppets of a host have told all calls that had returned before; with false where they were still busy when the limit
 * passed. A call takes effect before strace, woken by its end, has written it down.
 */
export async function callsAreTold(userland: Agent, clock: LabClock, limitMs = FLUSH_LIMIT_MS): Promise<boolean> {
	const stop = new AbortController();
	const told = async () => {
		await userland.run(['bash', '-c', `exec 2>&-; ${UNTIL_TOLD}`]);
		// What was in the pipe by then, the agent reads in the round of its loop that answers the first; the second answer comes after it.
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
	readonly #isOverAt: (t: number) => boolean;
	readonly #blocked = new Map<string, EventOf<'call'>>();
	/** The process of the peer itself, which is the first that is traced. */
	#pid: number | undefined;
	#exited = false;
	/** When strace last told something, in seconds of the history. */
	#latest: number;

	/** `isOverAt` tells whether the peer's host had lost its power by then: nothing of that is told. */
	constructor(history: History, host: HostName, peer: string, isOverAt: (t: number) => boolean = () => false, started = 0) {
		this.#isOverAt = isOverAt;
		this.#history = history;
		this.#host = host;
		this.#peer = peer;
		this.#latest = history.at(started);
	}

	push(bytes: Buffer): void {
		for (const record of this.#reader.push(bytes.toString('latin1'))) {
			this.#pid ??= record.pid;
			this.#latest = this.#history.at(record.t);
			if (record.kind === 'exit' && record.pid === this.#pid) this.#exited = true;
			if (record.kind === 'call' && isOfInterest(record) && !this.#isOverAt(record.t + (record.took ?? 0))) this.#add(record);
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

	#add(record: StraceCall): void {
		const { pid, name, args, fd, returned, errno, resultText, took } = record;
		const call: EventOf<'call'> = {
			kind: 'call',
			t: this.#history.at(record.t),
			host: this.#host,
			peer: this.#peer,
			pid,
			name,
			args,
			...(fd !== undefined && { fd }),
			...(returned !== undefined && { returned }),
			...(errno !== undefined && { errno }),
			...(resultText !== undefined && { result: resultText }),
			...(took !== undefined && { took }),
			source: 'strace',
		};
		const key = `${pid} ${record.t}`;
		const blocked = this.#blocked.get(key);
		if (blocked) this.#history.replace(blocked, call);
		else this.#history.add(call);
		if (record.blocked) this.#blocked.set(key, call);
		else this.#blocked.delete(key);
		this.#addSocketError(call);
	}

	/** SO_ERROR is an errno that no call returned: the kernel kept it for who asks. */
	#addSocketError({ t, host, peer, name, args, took }: EventOf<'call'>): void {
		const errno = name === 'getsockopt' ? /SO_ERROR, \[(E[A-Z]+)\]/.exec(args)?.[1] : undefined;
		if (errno) this.#history.add({ kind: 'error', t: t + (took ?? 0), host, peer, errno, source: 'so_error' });
	}
}

/**
 * Programs also read files, libraries and event descriptors, and the C library asks the name service cache over a local socket, and connects
 * UDP sockets to sort addresses: of all calls only those on TCP sockets and standard streams.
 */
function isOfInterest({ name, args, fd }: StraceCall): boolean {
	if (/^(AF_UNIX|AF_NETLINK|AF_INET6?, SOCK_DGRAM|\d+<(UNIX|NETLINK|UDP))/.test(args)) return false;
	if (!/^(p?read|p?write|close)/.test(name)) return true;
	return (fd !== undefined && fd <= 2 && name !== 'close') || /^\d+<(TCP|TCPv6|socket)/.test(args);
}
