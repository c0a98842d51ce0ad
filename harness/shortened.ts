import { hasVirtualTime } from './run/current.ts';

/**
 * The value of a setting that decides how long something takes: what the kernel has by default where the lab's time is virtual, and so costs nothing;
 * a smaller one where it is real. One spec is true with both, for what it expects is computed from the value.
 */
export function shortened<Value>({ default: byDefault, to }: { readonly default: Value; readonly to: Value }): Value {
	return hasVirtualTime() ? byDefault : to;
}
