import { HalfopenError } from '../errors.ts';
import type { Endpoint, TcpSocket } from '../formats/types.ts';
import { type Errno, errnoName } from '../tcp/errnos.ts';
import type { EventOf } from '../timeline/events.ts';
import type { Peer } from './peer.ts';

/** The result of a call. A failed call has an errno. */
export interface CallOutcome {
	readonly returned: number;
	readonly errno?: Errno | undefined;
	/** The time when the call was entered, in seconds since the epoch. */
	readonly t: number;
	/** How long it took, in seconds. */
	readonly took: number;
	/** The ends of its socket. */
	readonly local?: Endpoint;
	readonly remote?: Endpoint;
	/** The events that poll returned. */
	readonly revents?: readonly string[] | undefined;
	/** The value that getsockopt returned. */
	readonly value?: number | undefined;
}

/** A description of a call, for the history. */
export interface CallDescription {
	readonly name: string;
	readonly args: string;
	readonly fd?: number | undefined;
	/** The socket, as far as it is known before the call. */
	readonly socket?: TcpSocket | undefined;
}

type CallEvent = EventOf<'call'>;

/**
 * A system call of a controlled socket that has been made and may still block. There are two ways to use it. Await it
 * for its result: that throws CALL_FAILED if the call fails. Or pass it to `expect` without awaiting it, for the
 * matchers `toReturn`, `toFailWith` and `toBlock`.
 */
export class SocketCall<T> implements PromiseLike<T> {
	/** The process that made the call. */
	readonly peer: Peer;
	readonly #record: { event: CallEvent };
	readonly #value: Promise<T>;

	/** Internal. Records the call before it is made, makes it, and records its result. */
	static make<O extends CallOutcome>(
		peer: Peer,
		{ fd, socket, ...call }: CallDescription,
		make: () => Promise<O>,
	): SocketCall<O> {
		const { history, clock } = peer.context;
		const entered: CallEvent = {
			kind: 'call',
			t: history.at(clock.now()),
			host: peer.host,
			peer: peer.name,
			pid: peer.pid,
			...call,
			...(fd !== undefined && { fd }),
			...(socket && { socket }),
			source: 'socket',
		};
		history.add(entered);
		const record = { event: entered };
		const onReturn = (result: O) => {
			const { t, took, returned: value, errno, local, remote } = result;
			const ends = { family: 'IPv4' as const, ...socket, ...(local && { local }), ...(remote && { remote }) };
			const outcome = errno === undefined ? { returned: value, ...extraResult(result, fd, ends) } : { errno };
			record.event = { ...entered, socket: ends, t: history.at(t), took, ...outcome };
			history.replace(entered, record.event);
			addSocketError(peer, record.event, result);
			if (errno !== undefined) throw failure(record.event, peer);
			return result;
		};
		// The process or its host has ended, or the agent did not accept the call. It will never return.
		const onError = (error: unknown) => {
			const why = error instanceof HalfopenError ? error.problem.replace(/\.$/, '') : String(error);
			record.event = {
				...entered,
				took: Math.max(0, history.at(clock.now()) - entered.t),
				result: `never returned: ${why}`,
			};
			if (history.of('call', peer.host).includes(entered)) history.replace(entered, record.event);
			throw error;
		};
		const value = make().then(onReturn, onError);
		return new SocketCall(peer, record, value);
	}

	private constructor(peer: Peer, record: { event: CallEvent }, value: Promise<T>) {
		this.peer = peer;
		this.#record = record;
		this.#value = value;
		// The matchers of a call read the history, so the promise need not be awaited.
		value.catch(() => {});
	}

	/** The event of the call in the timeline. Its result is added when the call returns. */
	get event(): CallEvent {
		return this.#record.event;
	}

	/** The time when it returned or failed, in seconds of the timeline; NaN while it blocks. */
	get endedAt(): number {
		const { t, took = Number.NaN } = this.event;
		return t + took;
	}

	/** The call as text: `send(3, "one", 0)`. */
	get text(): string {
		return `${this.event.name}(${this.event.args})`;
	}

	/** Returns the same call with another value for `await`, which is made of its result. */
	giving<U>(make: (value: T) => U): SocketCall<U> {
		return new SocketCall(this.peer, this.#record, this.#value.then(make));
	}

	// biome-ignore lint/suspicious/noThenProperty: a call is awaitable on purpose.
	then<R, E>(
		resolved?: ((value: T) => R | PromiseLike<R>) | null,
		rejected?: ((error: unknown) => E | PromiseLike<E>) | null,
	): PromiseLike<R | E> {
		if (this.event.took === undefined) {
			const { peer, text } = this;
			const endWait = peer.context.waits.begin({
				what: `${peer.name} on the ${peer.host}: ${text} to return`,
				limitMs: undefined,
			});
			this.#value.then(endWait, endWait);
			peer.context.actions.during(() => this.#value).catch(() => {});
		}
		return this.#value.then(resolved, rejected) as PromiseLike<R | E>;
	}
}

/** Returns what a call returned besides its return value, in the format of strace. */
function extraResult(
	{ revents, value }: CallOutcome,
	fd: number | undefined,
	socket: TcpSocket,
): Pick<CallEvent, 'result' | 'ready'> {
	if (revents?.length === 0) return { result: 'Timeout' };
	if (revents !== undefined && fd !== undefined) {
		const events = revents.join('|');
		return { result: `[{fd=${fd}, revents=${events}}]`, ready: [{ fd, socket, events }] };
	}
	return value === undefined ? {} : { result: `[${value}]` };
}

/** Records the errno that SO_ERROR returned: the kernel has stored it in the socket, and no call has returned it. */
function addSocketError(
	{ context, host, name: peer }: Peer,
	{ t, name, args, socket }: CallEvent,
	{ value = 0, took }: CallOutcome,
): void {
	if (name !== 'getsockopt' || !args.includes('SO_ERROR') || value === 0) return;
	const ends = { ...(socket?.local && { local: socket.local }), ...(socket?.remote && { remote: socket.remote }) };
	context.history.add({ kind: 'error', t: t + took, host, peer, errno: errnoName(value), source: 'so_error', ...ends });
}

function failure({ name, args, errno }: CallEvent, { name: peer, host }: Peer): HalfopenError {
	return new HalfopenError('CALL_FAILED', {
		problem: `${peer} on the ${host}: ${name}(${args}) failed with ${errno}.`,
		remedy: `If it should fail, expect that: await expect(….${name}(…)).toFailWith('${errno}').`,
	});
}
