/** The engine and the kernel of a result. */
export interface Environment {
	readonly engine: string;
	/** The kernel's release, as in `uname -r`. */
	readonly kernel: string;
}

/** Compares strings for sorting. Unlike `localeCompare`, it does not depend on the machine's locale. */
export function compareText(a: string, b: string): number {
	return a < b ? -1 : a > b ? 1 : 0;
}
