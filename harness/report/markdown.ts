/**
 * Text as text inside a line of Markdown, whatever characters of Markdown or HTML are in it; whitespace of any kind
 * becomes one space.
 */
export function markdown(text: string): string {
	return text.replace(/[\\`*_{}[\]<>#|&~$]/g, '\\$&').replace(/\s+/g, ' ');
}
