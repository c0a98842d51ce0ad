import { HalfopenError } from '../errors.ts';
import type { Endpoint, TcpSocket } from '../formats/types.ts';
import { type Errno, errnoName } from '../tcp/errnos.ts';
import type { EventOf } from '../timeline/events.ts';
import type { Peer } from './peer.ts';

/** What every call comes to; a failed one has an errno. */
export interface CallOutcome {
	readonly returned: number;
	readonly errno?: Errno | undefined;
	/** Seconds since the epoch. */
	readonly t: number;
	/** Seconds. */
	readonly took: number;
	/** The ends of its socket. */
	readonly local?: Endpoint;
	readonly remote?: Endpoint;
	/** What poll found. */
	readonly revents?: readonly string[] | undefined;
	/** What getsockopt read. */
	readonly value?: number | undefined;
}

/** What is called, for the history. */
export interface CallText {
	readonly name: string;
	readonly args: string;
	readonly fd?: number | undefined;
	/** What is known of its socket before the call. */
	readonly socket?: TcpSocket | undefined;
}

type CallEvent = EventOf<'call'>;

/**
 * A call that was made, returned or not. Awaited, it is strict: it gives what the call returned, and throws where the
 * call failed. Held, and given to `expect`, it is a question: `toReturn`, `toFailWith`, `toBlock`.
 */
export class SocketCall<T> implements PromiseLike<T> {
	readonly peer: Peer;
	readonly #made: { event: CallEvent };
	readonly #value: Promise<T>;

	/** Makes the call, and tells the history that it was entered, no later than it is, and afterwards what it came to. */
	static make<O extends CallOutcome>(
		peer: Peer,
		{ fd, socket, ...call }: CallText,
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
		const made = { event: entered };
		const returned = (result: O) => {
			const { t, took, returned: value, errno, local, remote } = result;
			const ends = { family: 'IPv4' as const, ...socket, ...(local && { local }), ...(remote && { remote }) };
			const outcome = errno === undefined ? { returned: value, ...extraResult(result, fd, ends) } : { errno };
			made.event = { ...entered, socket: ends, t: history.at(t), took, ...outcome };
			history.replace(entered, made.event);
			addSocketError(peer, made.event, result);
			if (errno !== undefined) throw failure(made.event, peer);
			return result;
		};
		// Its process has ended, its host is gone, or nobody understood what it was to call: it will not return any more.
		const neverReturned = (error: unknown) => {
			const why = error instanceof HalfopenError ? error.problem.replace(/\.$/, '') : String(error);
			made.event = {
				...entered,
				took: Math.max(0, history.at(clock.now()) - entered.t),
				result: `never returned: ${why}`,
			};
			if (history.of('call', peer.host).includes(entered)) history.replace(entered, made.event);
			throw error;
		};
		const value = make().then(returned, neverReturned);
		return new SocketCall(peer, made, value);
	}

	private constructor(peer: Peer, made: { event: CallEvent }, value: Promise<T>) {
		this.peer = peer;
		this.#made = made;
		this.#value = value;
		// A held call is judged by the history; nobody need wait for its promise.
		value.catch(() => {});
	}

	/** As the history has it now. */
	get event(): CallEvent {
		return this.#made.event;
	}

	/** When it returned or failed, in seconds of the history; NaN while it blocks. */
	get endedAt(): number {
		const { t, took = Number.NaN } = this.event;
		return t + took;
	}

	/** `send(3, "one", 0)` */
	get text(): string {
		return `${this.event.name}(${this.event.args})`;
	}

	/** The same call, which gives something else when it is awaited. */
	giving<U>(make: (value: T) => U): SocketCall<U> {
		return new SocketCall(this.peer, this.#made, this.#value.then(make));
	}

	// biome-ignore lint/suspicious/noThenProperty: a call is a promise on purpose; awaiting it is its strict form.
	then<R, E>(
		resolved?: ((value: T) => R | PromiseLike<R>) | null,
		rejected?: ((error: unknown) => E | PromiseLike<E>) | null,
	): PromiseLike<R | E> {
		if (this.event.took === undefined) {
			const { peer, text } = this;
			const returned = peer.context.waits.begin({
				what: `${peer.name} on the ${peer.host}: ${text} to return`,
				limitMs: undefined,
			});
			this.#value.then(returned, returned);
			peer.context.actions.during(() => this.#value).catch(() => {});
		}
		return this.#value.then(resolved, rejected) as PromiseLike<R | E>;
	}
}

/** What a call gives beside its result, in strace's words. */
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

/** SO_ERROR is an errno that no call returned: the kernel kept it for who asks. */
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
		remedy: `If it is meant to fail, expect it: await expect(….${name}(…)).toFailWith('${errno}').`,
	});
}
