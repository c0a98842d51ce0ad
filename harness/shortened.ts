import { z } from 'zod';
import { hasVirtualTime } from './run/current.ts';
import { checked } from './util/options.ts';

/** Both values are required; their types are free. */
const given = z.unknown().refine((value) => value !== undefined, 'it is missing');
const valuesSchema = z.strictObject({ default: given, to: given });

/**
 * Chooses the value of a setting that decides how long a scenario takes. Returns `default` in virtual time, where
 * waiting costs nothing, and `to` in real time. `default` is the kernel's default, or the value that a claim names;
 * `to` is a smaller value. Compute the expectations from the returned value, so that the spec is true with both.
 */
export function shortened<Value>(values: { readonly default: Value; readonly to: Value }): Value {
	checked(valuesSchema, values, 'shortened');
	return hasVirtualTime() ? values.default : values.to;
}
