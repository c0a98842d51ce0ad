import { z } from 'zod';
import { hasVirtualTime } from './run/current.ts';
import { checked } from './util/options.ts';

/** Any values, but both. */
const given = z.unknown().refine((value) => value !== undefined, 'it is missing');
const valuesSchema = z.strictObject({ default: given, to: given });

/**
 * The value of a setting that decides how long something takes. Where the lab's time is virtual, and so costs nothing:
 * what the kernel has by default, or what a claim says that names a value of its own. Where it is real: a smaller one.
 * One spec is true with both, for what it expects is computed from the value.
 */
export function shortened<Value>(values: { readonly default: Value; readonly to: Value }): Value {
	checked(valuesSchema, values, 'shortened');
	return hasVirtualTime() ? values.default : values.to;
}
