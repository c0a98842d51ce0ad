import { hasVirtualTime } from './run/current.ts';

/**
 * The value of a setting that decides how long something takes. Where the lab's time is virtual, and so costs nothing: what the kernel has by default, or
 * what a claim says that names a value of its own. Where it is real: a smaller one. One spec is true with both, for what it expects is computed from
 * the value.
 */
export function shortened<Value>({ default: byDefault, to }: { readonly default: Value; readonly to: Value }): Value {
	return hasVirtualTime() ? byDefault : to;
}
