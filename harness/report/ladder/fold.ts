import type { Item } from './items.ts';

/** A cycle (a probe and its answer, a heartbeat) is folded from this often on, and up to this many things long. */
const LEAST_TURNS = 3;
const LONGEST_CYCLE = 8;

/** What repeats is told once: runs of the same thing become one with a count, cycles of several things their first turn and a `repeat`. */
export function fold(items: readonly Item[]): Item[] {
	return foldCycles(foldRuns(items));
}

function foldRuns(items: readonly Item[]): Item[] {
	const runs: Item[][] = [];
	for (const item of items) {
		const run = runs.at(-1);
		if (run !== undefined && item.slot !== 'full' && run[0]?.slot === item.slot && run[0].key === item.key) run.push(item);
		else runs.push([item]);
	}
	return runs.map(joined);
}

/** What is the same thing again and again as one, which tells when it was. */
function joined(run: readonly Item[]): Item {
	const [first, ...others] = run as [Item, ...Item[]];
	const until = others.at(-1)?.until;
	if (first.slot === 'full' || until === undefined) return first;
	const times = run.length;
	const title = (own: string) => `${own}\n${times} times, at ${run.map(({ t }) => t.toFixed(3)).join(', ')} s`;
	if (first.slot === 'wire') return { ...first, until, arrow: { ...first.arrow, times, until, title: title(first.arrow.title) } };
	return { ...first, until, mark: { ...first.mark, times, title: title(first.mark.title) } };
}

function foldCycles(items: readonly Item[]): Item[] {
	const folded: Item[] = [];
	let at = 0;
	while (at < items.length) {
		const { length, turns } = cycleAt(items, at);
		if (turns < LEAST_TURNS) {
			folded.push(items[at] as Item);
			at += 1;
			continue;
		}
		const again = items.slice(at + length, at + length * turns);
		folded.push(...items.slice(at, at + length), repeatOf(again, length, turns - 1));
		at += length * turns;
	}
	return folded;
}

/** The cycle that begins here and covers most; the shortest of those. */
function cycleAt(items: readonly Item[], at: number): { length: number; turns: number } {
	let best = { length: 1, turns: 1 };
	for (let length = 1; length <= LONGEST_CYCLE; length++) {
		let same = 0;
		while (isSame(items[at + same], items[at + same + length])) same += 1;
		const turns = Math.floor(same / length) + 1;
		if (turns >= LEAST_TURNS && turns * length > best.turns * best.length) best = { length, turns };
	}
	return best;
}

function isSame(one: Item | undefined, other: Item | undefined): boolean {
	return one !== undefined && other !== undefined && one.alike === other.alike && one.slot !== 'full';
}

function repeatOf(items: readonly Item[], rows: number, times: number): Item {
	const t = items[0]?.t ?? 0;
	const until = items.at(-1)?.until ?? t;
	const segments = items.reduce((sum, item) => sum + (item.slot === 'wire' ? item.arrow.times : 0), 0);
	return { slot: 'full', t, until, key: 'repeat', alike: 'repeat', row: { kind: 'repeat', t, until, times, rows, segments } };
}
