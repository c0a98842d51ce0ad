/**
 * Returns rows of words as lines in which columns are aligned, two spaces apart. Cells are padded at their ends, those
 * of numbers at their beginnings. Lines have no spaces at their ends.
 */
export function alignColumns(
	rows: readonly (readonly string[])[],
	isNumber: (column: number) => boolean = () => false,
): string[] {
	const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((row) => (row[column] ?? '').length)));
	const padded = (cell: string, column: number) =>
		isNumber(column) ? cell.padStart(widths[column] ?? 0) : cell.padEnd(widths[column] ?? 0);
	return rows.map((row) => row.map(padded).join('  ').trimEnd());
}
