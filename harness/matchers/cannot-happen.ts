import type { LabContext } from '../lab/context.ts';
import type { Impossibility } from '../lab/wait.ts';
import type { EventOf, HostName } from '../timeline/events.ts';

/**
 * Whether the spec waits for this one expectation and does nothing else: then nothing is going to be healed, started or
 * typed before it ends, and what only the spec could change is settled.
 */
export function isSpecIdle({ actions, pending }: Pick<LabContext, 'actions' | 'pending'>): boolean {
	return actions.idle && pending.size <= 1;
}

/** Why the programs of a host do nothing, where they are frozen and the spec is not about to thaw them. */
export function frozenFor(
	context: Pick<LabContext, 'actions' | 'pending' | 'history'>,
	host: HostName,
): Impossibility | undefined {
	// With the power of a host its frozen programs go, too: those of the next boot run.
	const last = lastFault(context, host, 'programs', 'power');
	// Programs that were killed do not stay: their ends are told a moment later.
	const isPause = last?.what === 'programs' && last.id.startsWith('pause');
	if (!isPause || last.phase !== 'injected' || !isSpecIdle(context)) return undefined;
	return {
		why: `the ${host}’s programs do nothing since ${last.t.toFixed(3)} s (${last.text})`,
		remedy: `Heal ${last.id} first, or start the expectation without awaiting it, heal, and await it then.`,
	};
}

/** Why a host sends nothing, where its power is off and the spec is not about to switch it on. */
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
	...sorts: EventOf<'fault'>['what'][]
): EventOf<'fault'> | undefined {
	return history.of('fault', host).findLast(({ what, phase }) => sorts.includes(what) && phase !== 'proven');
}
