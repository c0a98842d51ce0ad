import type { LabContext } from '../lab/context.ts';
import type { Impossibility } from '../lab/wait.ts';
import type { EventOf, HostName } from '../timeline/events.ts';

/**
 * Whether the spec awaits a single expectation and performs no action. Then nothing will be healed, started or typed
 * before that expectation ends, so conditions that only the spec can change will not change.
 */
export function isSpecIdle({ actions, pending }: Pick<LabContext, 'actions' | 'pending'>): boolean {
	return actions.idle && pending.size <= 1;
}

/** Returns the reason why the programs of a host do nothing, if they are frozen and the spec is not resuming them. */
export function frozenFor(
	context: Pick<LabContext, 'actions' | 'pending' | 'history'>,
	host: HostName,
): Impossibility | undefined {
	// A power off ends frozen programs; those of the next boot run.
	const last = lastFault(context, host, 'programs', 'power');
	// Killed programs are no reason: their ends are recorded a moment later, and expectations depend on them.
	const isPause = last?.what === 'programs' && last.id.startsWith('pause');
	if (!isPause || last.phase !== 'injected' || !isSpecIdle(context)) return undefined;
	return {
		why: `the ${host}’s programs do nothing since ${last.t.toFixed(3)} s (${last.text})`,
		remedy: `Heal ${last.id} first, or start the expectation without awaiting it, heal, and await it then.`,
	};
}

/** Returns the reason why a host sends nothing, if its power is off and the spec is not switching it on. */
export function offFor(
	context: Pick<LabContext, 'actions' | 'pending' | 'history'>,
	host: HostName,
): Impossibility | undefined {
	const last = lastFault(context, host, 'power');
	if (last?.phase !== 'injected' || !isSpecIdle(context)) return undefined;
	return {
		why: `the ${host}’s power is off since ${last.t.toFixed(3)} s`,
		remedy: `Switch it on first: await ${host}.powerOn().`,
	};
}

function lastFault(
	{ history }: Pick<LabContext, 'history'>,
	host: HostName,
	...kinds: EventOf<'fault'>['what'][]
): EventOf<'fault'> | undefined {
	return history.of('fault', host).findLast(({ what, phase }) => kinds.includes(what) && phase !== 'proven');
}
