import { HalfopenError } from '../errors.ts';
import type { RunIdentity } from './engine.ts';
import { OWNER } from './owner.ts';

/**
 * Small letters and digits, with single dashes between them. An id becomes part of paths, of names of containers and
 * trace instances, and of command lines: it holds nothing that means anything there.
 */
const ID = /^[a-z0-9]+(-[a-z0-9]+)*$/;
const MAX_ID_LENGTH = 64;

/**
 * The identity that somebody tells of (a file, labels, an environment, an argument), if it can be one; nothing else of
 * it is believed.
 */
export function runIdentity(value: { readonly id?: unknown; readonly owner?: unknown }): RunIdentity | undefined {
	const { id, owner } = value;
	if (typeof id !== 'string' || id.length > MAX_ID_LENGTH || !ID.test(id)) return undefined;
	if (typeof owner !== 'string' || !OWNER.test(owner)) return undefined;
	return { id, owner };
}

/** Whether both tell of one run: who knows an id may not be its owner. */
export const isSameRun = (one: RunIdentity, other: RunIdentity): boolean =>
	one.id === other.id && one.owner === other.owner;

/** Each run once. */
export function distinctRuns(runs: readonly RunIdentity[]): RunIdentity[] {
	return [...new Map(runs.map(({ id, owner }) => [`${id} ${owner}`, { id, owner }])).values()];
}

/** The identity that was handed from one process of a run to another; RUN_INVALID if it cannot be one. */
export function assertRunIdentity(value: { readonly id?: unknown; readonly owner?: unknown }): RunIdentity {
	const identity = runIdentity(value);
	if (identity) return identity;
	throw new HalfopenError('RUN_INVALID', {
		problem: 'What was handed over is not the identity of a run.',
		seen: JSON.stringify({ id: value.id, owner: value.owner }),
		remedy: 'Nothing but halfopen sets HALFOPEN_RUN and starts its watchdog: unset it.',
	});
}
