import { z } from 'zod';
import type { CallArguments, CallName, CallResult, ControlledProcess } from '../agent/agent.ts';
import { MAX_REQUEST_LINE, wordLength } from '../agent/framing.ts';
import {
	MESSAGE_FLAGS,
	type MessageFlag,
	NUMBER_OPTIONS,
	type OptionSetting,
	POLL_EVENTS,
	type PollEvent,
	READABLE_OPTIONS,
	type ReadableOption,
	SHUTDOWN_HOWS,
	type ShutdownHow,
} from '../agent/socket-calls.ts';
import { HalfopenError } from '../errors.ts';
import { mapped, unmapped } from '../formats/address.ts';
import type { Endpoint, TcpSocket } from '../formats/types.ts';
import type { Boot } from '../lab/boot.ts';
import type { LabContext } from '../lab/context.ts';
import { type IpVersion, versionOf } from '../lab/family.ts';
import type { Errno } from '../tcp/errnos.ts';
import { assertPort } from '../tcp/port.ts';
import type { HostName } from '../timeline/events.ts';
import { checked, checkedName } from '../util/options.ts';
import { Peer, signalSchema } from './peer.ts';
import { endpointSchema } from './programs.ts';
import { SocketCall } from './socket-call.ts';

const RECV_SIZE = 65_536;
/** LARGEST_RECV of agent/src/calls.c. */
const LARGEST_RECV = 1 << 20;
/** connect(2) resolves no host names. A socket for IPv4 cannot connect to an IPv6 address. */
const toIpv4 = endpointSchema.extend({ address: z.ipv4() });
const toEither = endpointSchema.extend({ address: z.union([z.ipv4(), z.ipv6()]) });

const flagsSchema = z.array(z.enum(MESSAGE_FLAGS));
const listenSchema = z.strictObject({ backlog: z.int().nonnegative().optional() });
const pollSchema = z.strictObject({ timeoutMs: z.int().min(-1).optional() });
/** At least one event: without any, poll would only return for POLLERR and POLLHUP, which a spec can name instead. */
const eventsSchema = z.array(z.enum(POLL_EVENTS)).min(1);
const settingSchema = z.union([
	z.tuple([z.enum(NUMBER_OPTIONS), z.int()]),
	z.tuple([z.literal('SO_LINGER'), z.union([z.literal(0), z.literal(1)]), z.int().nonnegative()]),
]);

/** The result of a call that did not fail. */
type Succeeded<Name extends CallName> = Exclude<CallResult<Name>, { errno: Errno }>;

/**
 * The process of a controlled socket. It makes exactly the socket calls that the spec makes, each in its own thread. It
 * has its own descriptors and can be killed by signals like any program.
 */
export class SocketProcess extends Peer {
	readonly #controlled: ControlledProcess;
	/** The sockets of the process, by descriptor. */
	readonly #sockets = new Map<number, TcpSocket>();
	readonly #version: IpVersion;

	/** Internal: hosts start these processes. */
	static async start(boot: Boot, host: HostName, context: LabContext, wanted?: string): Promise<SocketProcess> {
		const { history, clock, names } = context;
		const name = names.take('socket', wanted);
		const t = history.at(clock.now());
		const controlled = await boot.spawnControlled();
		history.add({ kind: 'process', t, host, peer: name, what: 'started', text: 'controlled socket' });
		return new SocketProcess(name, host, context, controlled);
	}

	private constructor(name: string, host: HostName, context: LabContext, controlled: ControlledProcess) {
		super(name, host, context, controlled);
		this.#controlled = controlled;
		[this.#version = 'ipv4'] = context.ipVersions;
	}

	/** Creates a further TCP socket in this process. By default it is for the addresses that peers use. */
	async socket(version: IpVersion = this.#version): Promise<Socket> {
		const { returned } = await (version === 'ipv6' ? this.call('socket', 'AF_INET6') : this.call('socket'));
		return new Socket(this, returned);
	}

	/** Internal: whether a descriptor is a socket for IPv6, which can also have IPv4 addresses, mapped to IPv6. */
	isForIpv6(fd: number): boolean {
		return this.#sockets.get(fd)?.family === 'IPv6';
	}

	/** Makes the process exit. The kernel closes its sockets. */
	async exit(): Promise<void> {
		await this.#controlled.exit();
	}

	override async signal(signal: NodeJS.Signals): Promise<void> {
		checked(signalSchema, signal, `${this.name}.signal`);
		this.record('signalled', signal);
		await this.#controlled.signal(signal);
	}

	/** Internal: makes a call and records when it was entered and what it returned. */
	call<Name extends CallName>(name: Name, ...args: CallArguments<Name>): SocketCall<Succeeded<Name>> {
		const [first] = args;
		const fd = typeof first === 'number' ? first : undefined;
		const socket =
			name === 'socket'
				? { family: first === 'AF_INET6' ? ('IPv6' as const) : ('IPv4' as const) }
				: this.#socketOf(name, args);
		const text = { name, args: args.map(describeArgument).join(', '), fd, socket };
		const make = async () => {
			const result = await this.#controlled.call(name, ...args);
			this.#updateSockets(name, fd ?? result.returned, socket, result);
			return result;
		};
		return SocketCall.make(this, text, make) as SocketCall<Succeeded<Name>>;
	}

	/**
	 * Returns the socket of a call, as far as it is known before the call. For connect, the arguments are its remote end.
	 */
	#socketOf(name: CallName, [fd, address, port]: readonly unknown[]): TcpSocket | undefined {
		const known = typeof fd === 'number' ? this.#sockets.get(fd) : undefined;
		if (name !== 'connect' || typeof address !== 'string' || typeof port !== 'number') return known;
		return { family: 'IPv4', ...known, remote: { address: unmapped(address), port } };
	}

	/**
	 * Stores the ends of the socket after a call. They are kept until the descriptor is closed, because the kernel no
	 * longer returns them once the connection has ended.
	 */
	#updateSockets(name: CallName, fd: number, known: TcpSocket | undefined, result: CallResult<CallName>): void {
		const { local, remote, errno } = result;
		if ('own' in result && result.own) {
			const { returned, own, address, port } = result;
			const family = known?.family ?? 'IPv4';
			this.#sockets.set(returned, { family, local: own, remote: { address, port } });
		}
		if (name === 'close' && errno === undefined) this.#sockets.delete(fd);
		else if (errno !== 'EBADF')
			this.#sockets.set(fd, { family: 'IPv4', ...known, ...(local && { local }), ...(remote && { remote }) });
	}
}

/**
 * A controlled socket: a TCP socket on which a spec makes system calls. Most methods make the system call of their name
 * and return it as a `SocketCall`, which can be awaited or passed to `expect`. The other methods wait for their calls.
 */
export class Socket {
	/** The process that has the socket. */
	readonly process: SocketProcess;
	/** The descriptor of the socket in its process. */
	readonly fd: number;

	constructor(process: SocketProcess, fd: number) {
		this.process = process;
		this.fd = fd;
	}

	/** Calls bind with a port of this host. With 0, the kernel chooses the port. */
	bind(port: number) {
		const any = this.process.isForIpv6(this.fd) ? '::' : '0.0.0.0';
		return this.process.call('bind', this.fd, any, port === 0 ? 0 : assertPort(port));
	}

	/** Binds the socket to the port, then listens. The default backlog is 1. */
	async listen(port: number, options: { readonly backlog?: number } = {}): Promise<this> {
		const { backlog = 1 } = checked(listenSchema, options, 'socket.listen');
		await this.bind(port);
		await this.process.call('listen', this.fd, backlog);
		return this;
	}

	/** Calls connect: `socket.connect(server.port(8080))`. A socket for IPv6 connects to a mapped IPv4 address. */
	connect(to: Endpoint) {
		const isForIpv6 = this.process.isForIpv6(this.fd);
		checked(isForIpv6 ? toEither : toIpv4, to, 'socket.connect');
		const { address, port } = to;
		const isMapped = isForIpv6 && versionOf(address) === 'ipv4';
		return this.process.call('connect', this.fd, isMapped ? mapped(address) : address, assertPort(port));
	}

	/** Calls accept. Awaited, it returns the connection: a `Socket` with its own descriptor in the same process. */
	accept() {
		return this.process.call('accept', this.fd).giving(({ returned }) => new Socket(this.process, returned));
	}

	/**
	 * Calls send. Without MSG_NOSIGNAL, a send on a connection that cannot send any more kills the process with SIGPIPE,
	 * as it kills any program (send(2)).
	 */
	send(data: string | Uint8Array, ...flags: MessageFlag[]) {
		checked(z.union([z.string(), z.instanceof(Uint8Array)]), data, 'socket.send: its data');
		checked(flagsSchema, flags, 'socket.send: its flags');
		assertSendable(data);
		return this.process.call('send', this.fd, data, flags);
	}

	/** Calls recv with a buffer of this size in bytes. */
	recv(size = RECV_SIZE, ...flags: MessageFlag[]) {
		checked(z.int().nonnegative().max(LARGEST_RECV), size, 'socket.recv: its size');
		checked(flagsSchema, flags, 'socket.recv: its flags');
		return this.process.call('recv', this.fd, size, flags);
	}

	/** Calls shutdown for one direction or both: RD, WR or RDWR. */
	shutdown(how: ShutdownHow) {
		checkedName(SHUTDOWN_HOWS, how, 'socket.shutdown');
		return this.process.call('shutdown', this.fd, how);
	}

	/** Calls close. */
	close() {
		return this.process.call('close', this.fd);
	}

	/**
	 * Calls poll for these events. Without `timeoutMs` it has no timeout. It always returns for POLLERR and POLLHUP, too.
	 */
	poll(events: readonly PollEvent[], options: { readonly timeoutMs?: number } = {}) {
		checked(eventsSchema, events, 'socket.poll: its events');
		const { timeoutMs = -1 } = checked(pollSchema, options, 'socket.poll');
		return this.process.call('poll', this.fd, events, timeoutMs);
	}

	/**
	 * Sets a socket option with setsockopt. Times have the kernel's units: TCP_USER_TIMEOUT is in ms; TCP_KEEPIDLE,
	 * TCP_KEEPINTVL and TCP_DEFER_ACCEPT are in seconds.
	 */
	async setOption(...setting: OptionSetting): Promise<void> {
		checkedName([...NUMBER_OPTIONS, 'SO_LINGER'], setting[0], 'socket.setOption');
		checked(settingSchema, setting, `socket.setOption: ${setting[0]}`);
		await this.process.call('setsockopt', this.fd, ...setting);
	}

	/** Returns the value of a socket option, with getsockopt. */
	async option(name: ReadableOption): Promise<number> {
		checkedName(READABLE_OPTIONS, name, 'socket.option');
		return (await this.process.call('getsockopt', this.fd, name)).value;
	}

	/** Sets or clears O_NONBLOCK. */
	async setNonBlocking(on = true): Promise<void> {
		await this.process.call('nonblock', this.fd, on ? 1 : 0);
	}

	/** Returns its own address and port, with getsockname: for example the port that the kernel has chosen. */
	async address(): Promise<Endpoint> {
		const { address, port } = await this.process.call('getsockname', this.fd);
		return { address, port };
	}

	/** Returns TCP_INFO (tcp(7)). */
	async info() {
		return (await this.process.call('tcpinfo', this.fd)).info;
	}
}

/** The space for everything in a request to the agent but the data. Generous. */
const REST_OF_REQUEST = 256;

/**
 * Throws OPTION_INVALID if the data do not fit into one request to the agent. In a request, most bytes that are not
 * letters take three bytes.
 */
function assertSendable(data: string | Uint8Array): void {
	const most = MAX_REQUEST_LINE - REST_OF_REQUEST;
	if (data.length <= most / 3 || wordLength(data) <= most) return;
	throw new HalfopenError('OPTION_INVALID', {
		problem: `socket.send: ${Buffer.byteLength(data)} bytes of data are too many for one call.`,
		remedy:
			`Send the data in several calls, or let a program send it. One call takes at least ${Math.floor(most / 3)} ` +
			`bytes, and up to ${most} letters and digits.`,
	});
}

const SHOWN_BYTES = 40;

function describeArgument(argument: unknown): string {
	if (Array.isArray(argument)) return argument.join('|') || '0';
	if (typeof argument === 'number') return String(argument);
	const text = argument instanceof Uint8Array ? Buffer.from(argument).toString('latin1') : String(argument);
	const quoted = JSON.stringify(text.slice(0, SHOWN_BYTES));
	return text.length > SHOWN_BYTES ? `${quoted}… ${text.length} bytes` : quoted;
}
