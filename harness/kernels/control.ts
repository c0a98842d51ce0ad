/**
 * The fields of one paragraph of a control file (deb822(5)): a value's further lines are kept, each without its first
 * blank.
 */
export type Paragraph = ReadonlyMap<string, string>;

/** The first paragraph of a text: of a Release file all there is. A line that belongs to no field is passed over. */
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

/** The texts of all paragraphs, cheaply: most of them nobody wants to have parsed. */
export function paragraphsOf(text: string): string[] {
	return text.split(/\n{2,}/).filter((paragraph) => paragraph.trim() !== '');
}
