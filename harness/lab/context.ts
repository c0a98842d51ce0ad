import type { LabClock } from '../engines/engine.ts';
import { HalfopenError } from '../errors.ts';
import type { Sentinels } from '../probes/sentinel.ts';
import type { HostName } from '../timeline/events.ts';
import type { History } from '../timeline/history.ts';
import type { Boot } from './boot.ts';
import type { OpenWaits } from './open-waits.ts';

/** What everything in one lab shares. */
export interface LabContext {
	readonly history: History;
	readonly clock: LabClock;
	/** Whether waiting costs no time but the lab's own. */
	readonly virtualTime: boolean;
	/** What to do where hosts lack a program. */
	readonly programRemedy: string;
	readonly sentinels: Sentinels;
	readonly names: Names;
	/** Names below net.ipv4 that a host has. */
	readonly sysctls: ReadonlySet<string>;
	/** Whether the kernel's trace is read; where not, states are sampled. */
	readonly traced: boolean;
	/** Expectations that wait, in words; one that is left at the end was not awaited by the spec. */
	readonly pending: Set<string>;
	/** What the spec is doing to the lab. */
	readonly actions: SpecActions;
	/** Hears of everything that is waited for. */
	readonly waits: OpenWaits;
	/** Resolves when all observers of both hosts have told all that happened before the call. */
	readonly flush: () => Promise<void>;
	/** What is done to each boot to come before it is taken into use: a wire that is cut stays cut, whoever reboots. */
	readonly bootHooks: Set<(host: HostName, boot: Boot) => Promise<unknown>>;
	/** Called when an agent goes that nobody sent away: what waits in the lab waits in vain from then on. */
	readonly onAgentLost: (error: HalfopenError) => void;
	/** Aborted when the scenario ends: nobody waits for what is still waited for then. */
	readonly endSignal: AbortSignal;
	/** Sees to it that a fault is undone at the end, whatever happens. */
	readonly onEnd: (undo: () => Promise<void>) => void;
}

/**
 * What a spec is doing at this moment: breaking or mending something, starting or typing to a program, awaiting a call.
 */
export class SpecActions {
	#underWay = 0;

	/** Whether the spec does none of these things: then nothing changes but by what is in the lab. */
	get idle(): boolean {
		return this.#underWay === 0;
	}

	/** Does one. */
	async during<T>(act: () => PromiseLike<T>): Promise<T> {
		this.#underWay++;
		try {
			return await act();
		} finally {
			this.#underWay--;
		}
	}
}

const NAME = /^[a-z][a-z0-9-]{0,15}$/;

/** Gives faults and peers names that stand for one thing only. */
export class Names {
	readonly #taken = new Set<string>();

	/** A name the spec chose, refused where it is taken or could not be a chain's; or the next free `<kind>-<n>`. */
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
				problem: `The name “${name}” is taken in this lab.`,
				seen: [...this.#taken].join(', '),
				remedy: 'Choose another name, or leave it out: the lab then makes one.',
			});
		}
		this.#taken.add(name);
		return name;
	}
}
