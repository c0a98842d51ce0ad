/**
 * Escapes text for a line of Markdown, so that no character in it is markup of Markdown or HTML. Each sequence of
 * whitespace becomes one space.
 */
export function markdown(text: string): string {
	return text.replace(/[\\`*_{}[\]<>#|&~$]/g, '\\$&').replace(/\s+/g, ' ');
}
