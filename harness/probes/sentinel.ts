import type { Agent, AgentProcess } from '../agent/agent.ts';
import type { LabClock } from '../engines/engine.ts';

/** The port of the discard service (RFC 863), on which no host listens. */
const DISCARD_PORT = 9;
/** After this time another sentinel is made, because an observer may have started too late to see the one before. */
const REPEAT_MS = 2_000;
const LIMIT_MS = 20_000;

/**
 * Finds out whether observers have reported everything that they saw. A sentinel is a connection from a host to an
 * unused address of its own loopback, which is refused. Every observer of the host's packets or states sees it. When an
 * observer reports it, it has reported everything that it saw before. Sentinels never cross the wire, and are removed
 * from histories. The SYN is enough: the answer makes no difference.
 */
export class Sentinels {
	readonly #clock: LabClock;
	readonly #addresses: Generator<string, never>;
	readonly #seen = new Map<string, { by: Map<string, number>; wake: () => void }>();
	/** Observers that have ended, so that they report no sentinels. */
	readonly #lost = new Set<string>();
	/** Connections of earlier sentinels that were not refused yet. */
	readonly #lingering = new Set<AgentProcess>();

	/** `of`: an address of this lab, which no other lab of the run has. */
	constructor(clock: LabClock, of: string) {
		this.#clock = clock;
		this.#addresses = loopbackAddresses(of);
	}

	/**
	 * Resolves when all observers have reported everything that happened on the host before the call, or the limit has
	 * passed. Returns the names of the observers that have not, or have ended. `isHopeless`: whether something may hide
	 * sentinels from observers; then only one is made.
	 */
	async catchUp(machine: Agent, observers: readonly string[], isHopeless = () => false): Promise<string[]> {
		let missing: readonly string[] = observers;
		for (let waited = 0; missing.length > 0 && waited < LIMIT_MS; waited += REPEAT_MS) {
			if (waited > 0 && isHopeless()) break;
			missing = await this.#make(machine, missing);
		}
		return observers.filter((observer) => missing.includes(observer) || this.#lost.has(observer));
	}

	/** Makes a sentinel that nobody waits for. */
	async pass(machine: Agent): Promise<void> {
		await this.#make(machine, []);
	}

	/** Called by observers with each address. Returns true if it is a sentinel of this lab, which no history contains. */
	saw(observer: string, address: string, t: number): boolean {
		const sentinel = this.#seen.get(address);
		if (sentinel && !sentinel.by.has(observer)) {
			this.#lost.delete(observer);
			sentinel.by.set(observer, t);
			sentinel.wake();
		}
		return sentinel !== undefined;
	}

	/** Ends all waits for an observer. It counts again when it reports a sentinel. */
	giveUp(observer: string): void {
		this.#lost.add(observer);
		for (const { wake } of this.#seen.values()) wake();
	}

	/**
	 * Returns by how many seconds the clock of an observer is ahead of another's, measured with the last sentinel that
	 * both reported.
	 */
	offset(observer: string, reference: string): number | undefined {
		const both = [...this.#seen.values()].filter(({ by }) => by.has(observer) && by.has(reference)).at(-1);
		return both && (both.by.get(observer) ?? 0) - (both.by.get(reference) ?? 0);
	}

	async #make(machine: Agent, observers: readonly string[]): Promise<string[]> {
		const address = this.#addresses.next().value;
		const by = new Map<string, number>();
		const missing = () => observers.filter((observer) => !by.has(observer) && !this.#lost.has(observer));
		const stop = new AbortController();
		const all = new Promise<void>((resolve) => {
			this.#seen.set(address, { by, wake: () => missing().length === 0 && resolve() });
		});
		// If a firewall drops the answer, a connection would retransmit its SYN for two minutes.
		for (const process of this.#lingering) await process.signal('SIGKILL').catch(() => {});
		const process = await machine.spawn(['bash', '-c', `exec 2>&-; </dev/tcp/${address}/${DISCARD_PORT}`]);
		this.#seen.get(address)?.wake();
		await Promise.race([all, this.#clock.sleep(REPEAT_MS, stop.signal)]);
		stop.abort();
		this.#lingering.add(process);
		const over = () => void this.#lingering.delete(process);
		process.exited.then(over, over);
		return missing();
	}
}

/**
 * Generates addresses for sentinels. The upper half of 127.0.0.0/8 is divided into 8,192 parts of 1,024 addresses, one
 * for each block of eight addresses that a lab may have (engines/subnets.ts), because one trace may serve all labs of a
 * run. The addresses are not random, so that a lab in virtual time repeats to the byte.
 */
function* loopbackAddresses(of: string): Generator<string, never> {
	const [, , third = 0, fourth = 0] = of.split('.').map(Number);
	const block = ((third << 8) | fourth) >> 3;
	for (let number = 0; ; number++) {
		const low = (1 << 23) | (block << 10) | (number & 1_023);
		yield ['127', low >> 16, (low >> 8) & 255, low & 255].join('.');
	}
}
