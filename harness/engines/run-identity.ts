import { HalfopenError } from '../errors.ts';
import type { RunIdentity } from './engine.ts';
import { OWNER } from './owner.ts';

/**
 * Lower-case letters and digits, with single dashes between them. An id becomes part of paths, of names of containers
 * and trace instances, and of command lines, so it contains no special character.
 */
const ID = /^[a-z0-9]+(-[a-z0-9]+)*$/;
const MAX_ID_LENGTH = 64;

/**
 * Validates an identity from outside (a file, labels, an environment, an argument). Returns undefined if it is invalid.
 */
export function runIdentity(value: { readonly id?: unknown; readonly owner?: unknown }): RunIdentity | undefined {
	const { id, owner } = value;
	if (typeof id !== 'string' || id.length > MAX_ID_LENGTH || !ID.test(id)) return undefined;
	if (typeof owner !== 'string' || !OWNER.test(owner)) return undefined;
	return { id, owner };
}

/** Whether both are the same run. An equal id is not enough: the owner must be equal, too. */
export const isSameRun = (one: RunIdentity, other: RunIdentity): boolean =>
	one.id === other.id && one.owner === other.owner;

/** Returns the runs without duplicates. */
export function distinctRuns(runs: readonly RunIdentity[]): RunIdentity[] {
	return [...new Map(runs.map(({ id, owner }) => [`${id} ${owner}`, { id, owner }])).values()];
}

/** Validates an identity that one process of a run passed to another. Throws RUN_INVALID. */
export function assertRunIdentity(value: { readonly id?: unknown; readonly owner?: unknown }): RunIdentity {
	const identity = runIdentity(value);
	if (identity) return identity;
	throw new HalfopenError('RUN_INVALID', {
		problem: 'This is not the identity of a run.',
		seen: JSON.stringify({ id: value.id, owner: value.owner }),
		remedy: 'Unset HALFOPEN_RUN: only halfopen itself sets it.',
	});
}
