import { dirname } from 'node:path';
import { alignColumns } from '../util/columns.ts';
import type { Paint } from './colours.ts';
import { addCosts, type Cost, NO_COST, totalOf } from './cost.ts';
import { duration, printable, wrap } from './text-format.ts';

/** The cost of one scenario. */
export interface ScenarioCost {
	/** The spec's name in reports: `puzzlers/power-off`. */
	readonly spec: string;
	readonly scenario: string;
	readonly cost: Cost;
}

/** The cost of the whole run. */
export interface RunCost {
	readonly wallSeconds: number;
	/** The largest increase of the whole machine's memory in use since the run began. */
	readonly memoryBytes: number;
}

const HEAD = ['', 'scenarios', 'engine', 'kernel', 'harness', 'longest'];
const GIGABYTE = 1e9;

/**
 * Returns a table of how a run spent its time: a row for each theme, and their sum. Below it are the wall time, the
 * longest scenario and the memory.
 */
export function costTable(
	spent: readonly ScenarioCost[],
	{ wallSeconds, memoryBytes }: RunCost,
	width: number,
	paint: Paint,
): string[] {
	const themes = [...new Set(spent.map(({ spec }) => dirname(spec)))].sort();
	const rows = themes.map((theme) =>
		rowOf(
			theme,
			spent.filter(({ spec }) => dirname(spec) === theme),
		),
	);
	const lines = alignColumns([HEAD, ...rows, rowOf('all', spent)], (column) => column > 0);
	const longest = longestOf(spent);
	const notes = [
		`In ${duration(wallSeconds)} of wall time, since scenarios run side by side.`,
		...(longest
			? [`The longest took ${duration(totalOf(longest.cost))}: ${longest.spec}, ${printable(longest.scenario)}.`]
			: []),
		`Memory: at most ${(memoryBytes / GIGABYTE).toFixed(1)} GB more in use on the whole machine than when it ` +
			'began (runner, hosts, engine).',
	];
	return [
		paint('title', 'Where the time went: the engine’s work, waiting for the kernel, the harness'),
		...[...lines, ...notes.flatMap((note) => wrap(note, width - 2))].map((line) => `  ${line}`),
	];
}

function rowOf(name: string, spent: readonly ScenarioCost[]): string[] {
	const { engine, kernel, harness } = spent.map(({ cost }) => cost).reduce(addCosts, NO_COST);
	const longest = longestOf(spent);
	return [name, String(spent.length), ...[engine, kernel, harness, longest ? totalOf(longest.cost) : 0].map(duration)];
}

function longestOf(spent: readonly ScenarioCost[]): ScenarioCost | undefined {
	return [...spent].sort((one, other) => totalOf(other.cost) - totalOf(one.cost))[0];
}
