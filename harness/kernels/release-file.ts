import { parseParagraph } from './control.ts';

/** What a signed list promises of a file. */
export interface Promised {
	readonly sha256: string;
	/** Bytes. */
	readonly size: number;
}

/** The Release file of a suite. */
export interface Release {
	/** Of which suite it is; empty if it does not say. */
	readonly codename: string;
	/** Files can be asked for by their checksum, and then always belong to this Release, also while the mirror is being updated. */
	readonly byHash: boolean;
	/** By path below the suite's folder. */
	readonly files: ReadonlyMap<string, Promised>;
}

/** What a suite's Release says, of which only the signed text may be given. Lines that are none of a checksum are passed over. */
export function parseRelease(text: string): Release {
	const fields = parseParagraph(text);
	const files = new Map<string, Promised>();
	for (const line of (fields.get('SHA256') ?? '').split('\n')) {
		const [, sha256, size, path] = /^\s*([0-9a-f]{64})\s+(\d+)\s+(\S+)\s*$/.exec(line) ?? [];
		if (sha256 && size && path) files.set(path, { sha256, size: Number(size) });
	}
	return { codename: fields.get('Codename') ?? '', byHash: fields.get('Acquire-By-Hash') === 'yes', files };
}
