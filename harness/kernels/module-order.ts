import { basename } from 'node:path';

/** Modules and what each needs loaded before it: files as `modules.dep` names them, below the folder that it is in. */
export type Dependencies = ReadonlyMap<string, readonly string[]>;

/** What `modules.dep` says (modules.dep(5)). A line without a colon is passed over. */
export function parseDependencies(text: string): Dependencies {
	const lines = text.split('\n').flatMap((line) => {
		const [, file, needed = ''] = /^([^\s:]+):(.*)$/.exec(line) ?? [];
		return file ? [[file, needed.split(/\s+/).filter(Boolean)] as const] : [];
	});
	return new Map(lines);
}

/** The names of the modules that `modules.builtin` lists: they are part of the kernel. */
export function parseBuiltin(text: string): ReadonlySet<string> {
	return new Set(text.split('\n').filter(Boolean).map(moduleName));
}

/** What the kernel calls the module in a file: `kernel/net/netfilter/xt_NFLOG.ko.xz` is `xt_NFLOG`. */
export function moduleName(file: string): string {
	return basename(file)
		.replace(/\.ko(\.\w+)?$/, '')
		.replaceAll('-', '_');
}

/**
 * The files of the named modules and of all that they need, each after what it needs. A module that is not there is
 * passed over.
 */
export function insertionOrder(names: Iterable<string>, dependencies: Dependencies): string[] {
	const files = new Map([...dependencies.keys()].map((file) => [moduleName(file), file]));
	const ordered = new Set<string>();
	const visit = (file: string, way: ReadonlySet<string>) => {
		if (ordered.has(file) || way.has(file)) return;
		for (const needed of dependencies.get(file) ?? []) visit(needed, new Set([...way, file]));
		ordered.add(file);
	};
	for (const name of names) {
		const file = files.get(name);
		if (file !== undefined) visit(file, new Set());
	}
	return [...ordered];
}
