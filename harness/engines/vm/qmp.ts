import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { createInterface } from 'node:readline';
import { HalfopenError } from '../../errors.ts';

/** What QEMU says: an answer, or an event. */
interface Said {
	readonly id?: number;
	readonly return?: unknown;
	readonly error?: { readonly class: string; readonly desc: string };
	readonly event?: string;
	readonly data?: EventData;
}

type Taker = { resolve(answer: unknown): void; reject(error: Error): void };
type EventData = Readonly<Record<string, unknown>>;
type Waiter = {
	readonly passes: (data: EventData) => boolean;
	resolve(data: EventData): void;
	reject(error: Error): void;
};

/** QEMU's monitor (docs/interop/qmp-spec of QEMU): commands and events, a line of JSON each. */
export class Qmp {
	readonly #socket: Socket;
	readonly #asked = new Map<number, Taker>();
	readonly #awaited = new Map<string, Set<Waiter>>();
	#number = 0;
	#gone: HalfopenError | undefined;

	/** Connects to the socket, which must be there. */
	static async connect(path: string): Promise<Qmp> {
		const socket = connect(path);
		await once(socket, 'connect');
		const qmp = new Qmp(socket);
		await qmp.execute('qmp_capabilities');
		return qmp;
	}

	private constructor(socket: Socket) {
		this.#socket = socket;
		// It passes errors on; what comes of them is that the socket closes.
		const lines = createInterface({ input: socket }).on('error', () => {});
		lines.on('line', (line) => this.#take(parse(line)));
		socket.on('error', () => {}).on('close', () => this.#lose());
	}

	/** Rejects with ENGINE_REFUSED in QEMU's words, or with ENGINE_GONE when it has ended. */
	execute(command: string, args?: Readonly<Record<string, unknown>>): Promise<unknown> {
		if (this.#gone) return Promise.reject(this.#gone);
		const id = ++this.#number;
		const answered = new Promise((resolve, reject) => this.#asked.set(id, { resolve, reject }));
		this.#socket.write(`${JSON.stringify({ execute: command, id, ...(args && { arguments: args }) })}\n`);
		return answered;
	}

	/**
	 * Passes with the data of the next event of this name for which `passes` holds; rejects with ENGINE_GONE when QEMU
	 * has ended.
	 */
	event(name: string, passes: Waiter['passes'] = () => true): Promise<EventData> {
		if (this.#gone) return Promise.reject(this.#gone);
		return new Promise((resolve, reject) => {
			const waiters = this.#awaited.get(name) ?? new Set();
			this.#awaited.set(name, waiters.add({ passes, resolve, reject }));
		});
	}

	#take({ id, return: answer, error, event, data = {} }: Said): void {
		if (event !== undefined) this.#tell(event, data);
		const taker = id === undefined ? undefined : this.#asked.get(id);
		if (id === undefined || !taker) return;
		this.#asked.delete(id);
		if (!error) taker.resolve(answer);
		else {
			taker.reject(
				new HalfopenError('ENGINE_REFUSED', {
					problem: 'QEMU refused a command.',
					seen: `${error.class}: ${error.desc}`,
					remedy: 'Look whether this QEMU is 7.2 or later; older ones are not known to work.',
				}),
			);
		}
	}

	#tell(event: string, data: EventData): void {
		const waiters = this.#awaited.get(event) ?? new Set();
		for (const waiter of waiters) {
			if (!waiter.passes(data)) continue;
			waiters.delete(waiter);
			waiter.resolve(data);
		}
	}

	#lose(): void {
		const error = new HalfopenError('ENGINE_GONE', {
			problem: 'QEMU has ended.',
			remedy: 'Read the console of the guest.',
		});
		this.#gone = error;
		for (const { reject } of this.#asked.values()) reject(error);
		for (const waiters of this.#awaited.values()) for (const { reject } of waiters) reject(error);
		this.#asked.clear();
		this.#awaited.clear();
	}
}

/** Nothing in half a line, with which a QEMU ends that is killed. */
function parse(line: string): Said {
	try {
		return Object(JSON.parse(line)) as Said;
	} catch {
		return {};
	}
}
