/** Escapes the special characters of HTML in text and in quoted attributes. */
export function escapeHtml(text: string): string {
	return text.replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`);
}

/**
 * Returns a script element that contains a value as JSON. A browser keeps it as text until page.js parses it. In a
 * script element only three sequences are special in HTML; their `<` is written as an escape of JSON.
 */
export function embed(id: string, value: unknown): string {
	const json = JSON.stringify(value).replace(/<(?=!--|\/?script)/gi, '\\u003c');
	return `<script type="application/json" id="${escapeHtml(id)}">${json}</script>`;
}
