/** Where something was found. */
export interface Environment {
	readonly engine: string;
	/** The kernel's release. */
	readonly kernel: string;
}

/** For sorting, by what a key function says: the same everywhere, whatever the language of the machine. */
export function compareText(a: string, b: string): number {
	return a < b ? -1 : a > b ? 1 : 0;
}
