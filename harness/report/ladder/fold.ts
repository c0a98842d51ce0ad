import type { Item } from './items.ts';
import type { Arrow, Mark } from './model.ts';

/** A cycle (a probe and its answer, a heartbeat) is folded from this often on, and up to this many things long. */
const LEAST_TURNS = 3;
const LONGEST_CYCLE = 8;

/** What repeats is told once: runs of the same thing become one with a count, cycles of several things their first turn and a `repeat`. */
export function fold(items: readonly Item[]): Item[] {
	return foldCycles(foldRuns(items));
}

function foldRuns(items: readonly Item[]): Item[] {
	const folded: Item[] = [];
	for (const item of items) {
		const last = folded.at(-1);
		const joined = last === undefined ? undefined : join(last, item);
		if (joined === undefined) folded.push(item);
		else folded[folded.length - 1] = joined;
	}
	return folded;
}

/** The two as one, if they are the same thing. */
function join(first: Item, second: Item): Item | undefined {
	if (first.key !== second.key) return undefined;
	if (first.slot === 'wire' && second.slot === 'wire') {
		const arrow: Arrow = { ...first.arrow, times: first.arrow.times + 1, until: second.until };
		return { ...first, until: second.until, arrow };
	}
	if (first.slot === 'full' || second.slot === 'full' || first.slot === 'wire' || second.slot === 'wire') return undefined;
	const mark: Mark = { ...first.mark, times: first.mark.times + 1 };
	return { ...first, until: second.until, mark };
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
