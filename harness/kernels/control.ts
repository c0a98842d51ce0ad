/**
 * The fields of one paragraph of a control file (deb822(5)). Continuation lines are kept, without their first blank.
 */
export type Paragraph = ReadonlyMap<string, string>;

/** Parses the first paragraph of a text; a Release file has only one. A line outside of any field is skipped. */
export function parseParagraph(text: string): Paragraph {
	const fields = new Map<string, string>();
	let current: string | undefined;
	for (const line of text.trimStart().split('\n')) {
		if (line.trim() === '') break;
		if (/^[ \t]/.test(line)) {
			if (current !== undefined) fields.set(current, `${fields.get(current)}\n${line.slice(1)}`);
			continue;
		}
		const colon = line.indexOf(':');
		current = colon > 0 ? line.slice(0, colon) : undefined;
		if (current !== undefined) fields.set(current, line.slice(colon + 1).trim());
	}
	return fields;
}

/** Returns the texts of all paragraphs. They are not parsed, because most of them are not needed. */
export function paragraphsOf(text: string): string[] {
	return text.split(/\n{2,}/).filter((paragraph) => paragraph.trim() !== '');
}
