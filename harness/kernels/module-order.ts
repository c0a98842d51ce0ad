import { basename } from 'node:path';

/** Modules and their dependencies: file names as in `modules.dep`, relative to its folder. */
export type Dependencies = ReadonlyMap<string, readonly string[]>;

/** Parses `modules.dep` (modules.dep(5)). A line without a colon is skipped. */
export function parseDependencies(text: string): Dependencies {
	const lines = text.split('\n').flatMap((line) => {
		const [, file, needed = ''] = /^([^\s:]+):(.*)$/.exec(line) ?? [];
		return file ? [[file, needed.split(/\s+/).filter(Boolean)] as const] : [];
	});
	return new Map(lines);
}

/** Parses `modules.builtin`. Returns the names of the modules that are built into the kernel. */
export function parseBuiltin(text: string): ReadonlySet<string> {
	return new Set(text.split('\n').filter(Boolean).map(moduleName));
}

/** Returns the name of the module in a file: `xt_NFLOG` for `kernel/net/netfilter/xt_NFLOG.ko.xz`. */
export function moduleName(file: string): string {
	return basename(file)
		.replace(/\.ko(\.\w+)?$/, '')
		.replaceAll('-', '_');
}

/**
 * Returns the files of the named modules and of their dependencies, each after its dependencies. A module that does not
 * exist is skipped.
 */
export function insertionOrder(names: Iterable<string>, dependencies: Dependencies): string[] {
	const files = new Map([...dependencies.keys()].map((file) => [moduleName(file), file]));
	const ordered = new Set<string>();
	const visit = (file: string, path: ReadonlySet<string>) => {
		if (ordered.has(file) || path.has(file)) return;
		for (const needed of dependencies.get(file) ?? []) visit(needed, new Set([...path, file]));
		ordered.add(file);
	};
	for (const name of names) {
		const file = files.get(name);
		if (file !== undefined) visit(file, new Set());
	}
	return [...ordered];
}
