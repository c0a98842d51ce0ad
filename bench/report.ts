import { alignColumns } from '../harness/util/columns.ts';
import type { BenchResults, Measured } from './results.ts';

/**
 * Returns results as tables: for each engine its labs, and in virtual time its waits; then the suites of all engines.
 */
export function report(results: BenchResults): string {
	const engines = Object.entries(results);
	const labs = engines.flatMap(([engine, { labs, waiting, scale }]) => [
		...(labs ? [labsOf(engine, labs)] : []),
		...(waiting ? [waitingOf(engine, waiting)] : []),
		...(scale ? [scaleOf(scale)] : []),
	]);
	const suites = engines.flatMap(([engine, { suite }]) => (suite ? [rowOf(engine, suite)] : []));
	const tables =
		suites.length > 0
			? [...labs, table([['the whole suite', 'took, s', 'allowed, s', 'longest, s', 'load', ''], ...suites], 5)]
			: labs;
	return tables.join('\n\n');
}

function labsOf(engine: string, { medians, load }: NonNullable<Measured['labs']>): string {
	const rows = Object.entries(medians).map(([name, { ours_ms, bare_ms, ratio }]) => [
		name,
		ours_ms.toFixed(1),
		bare_ms.toFixed(1),
		ratio.toFixed(2),
	]);
	return table([[`${engine}, medians (load ${loadText(load)})`, 'ours, ms', 'bare, ms', 'ratio'], ...rows]);
}

function waitingOf(engine: string, { waited, load }: NonNullable<Measured['waiting']>): string {
	const rows = Object.entries(waited).map(([name, { guest_s, wall_s, ratio, memory_mib }]) => [
		name,
		guest_s.toFixed(1),
		wall_s.toFixed(2),
		ratio.toFixed(0),
		memory_mib.toFixed(0),
	]);
	return table([
		[`${engine}, waiting (load ${loadText(load)})`, 'guest, s', 'wall, s', 'ratio', 'peak memory, MiB'],
		...rows,
	]);
}

function scaleOf({
	packets,
	segments,
	ours_s,
	after_read_s,
	tshark_s,
	bytes_per_segment,
	longest_query_ms,
	load,
}: NonNullable<Measured['scale']>): string {
	const steps = Object.entries({ ...ours_s, 'all but read': after_read_s }).map(([name, s]) => [name, s.toFixed(2)]);
	const compared =
		tshark_s === undefined
			? 'There is no tshark here to compare with.'
			: `tshark -r of both: ${tshark_s} s; all but read is ${(after_read_s / tshark_s).toFixed(2)} times that.`;
	return [
		table([[`200 MB, ${packets} packets captured, ${segments} segments (load ${loadText(load)})`, 'CPU, s'], ...steps]),
		compared,
		`Memory: ${bytes_per_segment} bytes a segment. The longest of 50 queries over 50,000 segments, each behind ` +
			`an addition: ${longest_query_ms} ms.`,
	].join('\n');
}

function rowOf(engine: string, { wall_s, allowed_s, longest, load }: NonNullable<Measured['suite']>): string[] {
	return [engine, wall_s.toFixed(1), allowed_s.toFixed(1), longest.s.toFixed(1), loadText(load), longest.scenario];
}

function loadText([before, after]: readonly [number, number]): string {
	return `${before.toFixed(1)} to ${after.toFixed(1)}`;
}

/** Returns a table. Its first column and column `text` are text. All others are numbers. */
function table(rows: readonly (readonly string[])[], text?: number): string {
	return alignColumns(rows, (column) => column > 0 && column !== text).join('\n');
}
