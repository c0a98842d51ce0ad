/** Returns a Markdown table. The cells must be escaped already. Columns of numbers are aligned to the right. */
export function markdownTable(
	heads: readonly string[],
	rows: readonly (readonly string[])[],
	isNumber: (column: number) => boolean = () => false,
): string {
	const rule = `|${heads.map((_, column) => (isNumber(column) ? '--:|' : '---|')).join('')}`;
	return [line(heads), rule, ...rows.map(line)].join('\n');
}

function line(cells: readonly string[]): string {
	return `| ${cells.join(' | ')} |`;
}
