import type { LabClock } from '../engines/engine.ts';
import { HalfopenError } from '../errors.ts';
import type { Sentinels } from '../probes/sentinel.ts';
import type { History } from '../timeline/history.ts';
import type { IpVersion } from './family.ts';
import type { OpenWaits } from './open-waits.ts';

/** The objects and functions that all parts of one lab share. */
export interface LabContext {
	readonly history: History;
	readonly clock: LabClock;
	/** Whether the lab runs in virtual time, where waiting takes little real time. */
	readonly virtualTime: boolean;
	/** How to add a missing program to the hosts, as a sentence. */
	readonly programRemedy: string;
	readonly sentinels: Sentinels;
	readonly names: Names;
	/** The versions of IP that the hosts have. Peers use the first, unless a spec says otherwise. */
	readonly ipVersions: readonly IpVersion[];
	/** Names of the sysctls below net.ipv4 that a host has. */
	readonly sysctls: ReadonlySet<string>;
	/** Whether the kernel's trace is read. Without it, states are sampled with `ss`. */
	readonly traced: boolean;
	/** Descriptions of the expectations that are waiting. Those left at the end of the scenario were not awaited. */
	readonly pending: Set<string>;
	/** The actions of the spec that are in progress. */
	readonly actions: SpecActions;
	/** All waits that are in progress. */
	readonly waits: OpenWaits;
	/** Resolves when all observers of both hosts have reported everything that happened before the call. */
	readonly flush: () => Promise<void>;
	/** Called when an agent ends unexpectedly. The scenario fails with this error. */
	readonly onAgentLost: (error: HalfopenError) => void;
	/** Aborted when the scenario ends. Waits that are still in progress then end without a result. */
	readonly endSignal: AbortSignal;
	/** Registers a function that heals a fault at the end of the scenario, also after a failure. */
	readonly onEnd: (heal: () => Promise<void>) => void;
}

/**
 * Counts the actions of a spec that are in progress: injecting or healing a fault, starting a program or typing into
 * it, awaiting a call.
 */
export class SpecActions {
	#inProgress = 0;

	/** Whether no action is in progress. Then the spec changes nothing; only programs and kernels in the lab can. */
	get idle(): boolean {
		return this.#inProgress === 0;
	}

	/** Runs an action and counts it until it settles. */
	async during<T>(action: () => PromiseLike<T>): Promise<T> {
		this.#inProgress++;
		try {
			return await action();
		} finally {
			this.#inProgress--;
		}
	}
}

const NAME = /^[a-z][a-z0-9-]{0,15}$/;

/** Assigns the names of faults and peers. Each name is unique in its lab. */
export class Names {
	readonly #taken = new Set<string>();

	/**
	 * Reserves a name. Without `wanted`, it is the next free `<kind>-<n>`. Throws NAME_INVALID if the wanted name cannot
	 * be part of the name of an iptables chain, and NAME_TAKEN if it is in use.
	 */
	take(kind: string, wanted?: string): string {
		if (wanted !== undefined) return this.#reserve(wanted);
		for (let number = 1; ; number++)
			if (!this.#taken.has(`${kind}-${number}`)) return this.#reserve(`${kind}-${number}`);
	}

	#reserve(name: string): string {
		if (!NAME.test(name)) {
			throw new HalfopenError('NAME_INVALID', {
				problem: `“${name}” is not a valid name.`,
				remedy:
					'Give up to 16 small letters, digits and hyphens, beginning with a letter: the name becomes part of a ' +
					'firewall chain.',
			});
		}
		if (this.#taken.has(name)) {
			throw new HalfopenError('NAME_TAKEN', {
				problem: `The name “${name}” is already in use in this lab.`,
				seen: [...this.#taken].join(', '),
				remedy: 'Choose another name, or omit it: the lab then assigns one.',
			});
		}
		this.#taken.add(name);
		return name;
	}
}
