import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fromProjectRoot, PROJECT_ROOT } from '../../report/artifacts.ts';
import type { Figure } from './sides.ts';

/** Figures as a table, and in `reports/bench.json`. */
export async function report(figures: Readonly<Record<string, Figure>>): Promise<string> {
	const folder = join(PROJECT_ROOT, 'reports');
	const path = join(folder, 'bench.json');
	await mkdir(folder, { recursive: true });
	await writeFile(path, `${JSON.stringify(figures, undefined, '\t')}\n`);
	return `${table(figures)}\n\n${fromProjectRoot(path)} has them, too.\n`;
}

function table(figures: Readonly<Record<string, Figure>>): string {
	const rows = Object.entries(figures).map(([name, { ours_ms, bare_ms, ratio }]) => [name, ours_ms.toFixed(1), bare_ms.toFixed(1), ratio.toFixed(2)]);
	const lines = [['medians', 'ours, ms', 'bare, ms', 'ratio'], ...rows];
	const widths = [0, 1, 2, 3].map((column) => Math.max(...lines.map((line) => line[column]?.length ?? 0)));
	return lines
		.map((line) => line.map((word, column) => (column === 0 ? word.padEnd(widths[column] ?? 0) : word.padStart(widths[column] ?? 0))).join('  '))
		.join('\n');
}
