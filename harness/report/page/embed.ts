/** Escapes what has a meaning in HTML, in text and in quoted attributes. */
export function escapeHtml(text: string): string {
	return text.replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`);
}

/**
 * A value as a script element that holds JSON, which a browser keeps as text until it is asked for. Inside a script
 * only three sequences mean something to HTML; their `<` is written as JSON writes any character by its number.
 */
export function embed(id: string, value: unknown): string {
	const json = JSON.stringify(value).replace(/<(?=!--|\/?script)/gi, '\\u003c');
	return `<script type="application/json" id="${escapeHtml(id)}">${json}</script>`;
}
