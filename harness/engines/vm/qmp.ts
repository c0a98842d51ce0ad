import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { createInterface } from 'node:readline';
import { HalfopenError } from '../../errors.ts';

/** A message of QEMU: the answer to a command, or an event. */
interface QmpMessage {
	readonly id?: number;
	readonly return?: unknown;
	readonly error?: { readonly class: string; readonly desc: string };
	readonly event?: string;
	readonly data?: EventData;
}

type PendingCommand = { resolve(answer: unknown): void; reject(error: Error): void };
type EventData = Readonly<Record<string, unknown>>;
type EventWaiter = {
	readonly matches: (data: EventData) => boolean;
	resolve(data: EventData): void;
	reject(error: Error): void;
};

/** A client of QEMU's monitor (docs/interop/qmp-spec in QEMU): commands and events, one line of JSON each. */
export class Qmp {
	readonly #socket: Socket;
	readonly #pending = new Map<number, PendingCommand>();
	readonly #waiters = new Map<string, Set<EventWaiter>>();
	#number = 0;
	#closed: HalfopenError | undefined;

	/** Connects to the monitor's socket, which must exist. */
	static async connect(path: string): Promise<Qmp> {
		const socket = connect(path);
		await once(socket, 'connect');
		const qmp = new Qmp(socket);
		await qmp.execute('qmp_capabilities');
		return qmp;
	}

	private constructor(socket: Socket) {
		this.#socket = socket;
		// readline re-emits the socket's errors. They are handled when the socket closes.
		const lines = createInterface({ input: socket }).on('error', () => {});
		lines.on('line', (line) => this.#receive(parse(line)));
		socket.on('error', () => {}).on('close', () => this.#onClose());
	}

	/**
	 * Executes a command and resolves with its answer. Rejects with ENGINE_REFUSED and QEMU's error, or with ENGINE_GONE
	 * when QEMU has ended.
	 */
	execute(command: string, args?: Readonly<Record<string, unknown>>): Promise<unknown> {
		if (this.#closed) return Promise.reject(this.#closed);
		const id = ++this.#number;
		const answered = new Promise((resolve, reject) => this.#pending.set(id, { resolve, reject }));
		this.#socket.write(`${JSON.stringify({ execute: command, id, ...(args && { arguments: args }) })}\n`);
		return answered;
	}

	/**
	 * Resolves with the data of the next event of this name that `matches`. Rejects with ENGINE_GONE when QEMU has ended.
	 */
	event(name: string, matches: EventWaiter['matches'] = () => true): Promise<EventData> {
		if (this.#closed) return Promise.reject(this.#closed);
		return new Promise((resolve, reject) => {
			const waiters = this.#waiters.get(name) ?? new Set();
			this.#waiters.set(name, waiters.add({ matches, resolve, reject }));
		});
	}

	#receive({ id, return: answer, error, event, data = {} }: QmpMessage): void {
		if (event !== undefined) this.#dispatch(event, data);
		const pending = id === undefined ? undefined : this.#pending.get(id);
		if (id === undefined || !pending) return;
		this.#pending.delete(id);
		if (!error) pending.resolve(answer);
		else {
			pending.reject(
				new HalfopenError('ENGINE_REFUSED', {
					problem: 'QEMU returned an error to a command.',
					seen: `${error.class}: ${error.desc}`,
					remedy: 'Check the version (`qemu-system-x86_64 --version`): QEMU must be 7.2 or later.',
				}),
			);
		}
	}

	#dispatch(event: string, data: EventData): void {
		const waiters = this.#waiters.get(event) ?? new Set();
		for (const waiter of waiters) {
			if (!waiter.matches(data)) continue;
			waiters.delete(waiter);
			waiter.resolve(data);
		}
	}

	#onClose(): void {
		const error = new HalfopenError('ENGINE_GONE', {
			problem: 'QEMU ended.',
			remedy: 'Read the guest’s console.',
		});
		this.#closed = error;
		for (const { reject } of this.#pending.values()) reject(error);
		for (const waiters of this.#waiters.values()) for (const { reject } of waiters) reject(error);
		this.#pending.clear();
		this.#waiters.clear();
	}
}

/** A QEMU that is killed leaves an incomplete line, which is ignored. */
function parse(line: string): QmpMessage {
	try {
		return Object(JSON.parse(line)) as QmpMessage;
	} catch {
		return {};
	}
}
