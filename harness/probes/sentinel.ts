import type { Agent, AgentProcess } from '../agent/agent.ts';
import type { LabClock } from '../engines/engine.ts';

/** Nothing listens there, on any host (RFC 863). */
const DISCARD_PORT = 9;
/** A sentinel is made again if it was not seen for so long: an observer may have been about to look. */
const REPEAT_MS = 2_000;
const LIMIT_MS = 20_000;

/**
 * How the harness knows that an observer has told all that it saw. A sentinel is a connection, refused, from a host to
 * an address of its own loopback that nobody ever uses again: every observer that sees the host's packets or states
 * sees it, and what it had seen before came before. It never crosses the wire, and no history holds it. Its SYN is
 * enough: whether it is answered makes no difference.
 */
export class Sentinels {
	readonly #clock: LabClock;
	readonly #addresses: Generator<string, never>;
	readonly #seen = new Map<string, { by: Map<string, number>; wake: () => void }>();
	/** Observers that will not show one: they have ended. */
	readonly #lost = new Set<string>();
	/** Connections of earlier sentinels that nobody has refused yet. */
	readonly #lingering = new Set<AgentProcess>();

	/** `of`: an address that no other lab of the run has. */
	constructor(clock: LabClock, of: string) {
		this.#clock = clock;
		this.#addresses = loopbackAddresses(of);
	}

	/**
	 * Resolves when all observers have caught up with the present of that host; returns the names of those that have not,
	 * or have ended. `isHopeless`: something may keep them from seeing sentinels, so that it is not tried for long.
	 */
	async catchUp(machine: Agent, observers: readonly string[], isHopeless = () => false): Promise<string[]> {
		let missing: readonly string[] = observers;
		for (let waited = 0; missing.length > 0 && waited < LIMIT_MS; waited += REPEAT_MS) {
			if (waited > 0 && isHopeless()) break;
			missing = await this.#make(machine, missing);
		}
		return observers.filter((observer) => missing.includes(observer) || this.#lost.has(observer));
	}

	/** For observers: true if this address is a sentinel's of this lab, which is then none of the history's business. */
	saw(observer: string, address: string, t: number): boolean {
		const sentinel = this.#seen.get(address);
		if (sentinel && !sentinel.by.has(observer)) {
			this.#lost.delete(observer);
			sentinel.by.set(observer, t);
			sentinel.wake();
		}
		return sentinel !== undefined;
	}

	/** For observers: nobody need wait for this one, unless it shows one again. */
	giveUp(observer: string): void {
		this.#lost.add(observer);
		for (const { wake } of this.#seen.values()) wake();
	}

	/** How far the clock of one observer is ahead of another's, in seconds, by the last sentinel that both saw. */
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
		// A firewall that drops the answer would have a connection try for two minutes.
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
 * The upper half of the loopback's addresses, in parts of 1,024 for each of the 8,192 blocks of eight addresses that
 * labs are in (engines/subnets.ts): one trace may serve all labs of a run, and each must know its own. None by chance,
 * so that a lab whose time repeats repeats to the byte.
 */
function* loopbackAddresses(of: string): Generator<string, never> {
	const [, , third = 0, fourth = 0] = of.split('.').map(Number);
	const block = ((third << 8) | fourth) >> 3;
	for (let number = 0; ; number++) {
		const low = (1 << 23) | (block << 10) | (number & 1_023);
		yield ['127', low >> 16, (low >> 8) & 255, low & 255].join('.');
	}
}
