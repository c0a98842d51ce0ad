import { foldAlike } from './alike.ts';
import type { Item } from './item.ts';
import { summarize } from './summarize.ts';

/** A cycle (a probe and its answer, a heartbeat) is folded if it occurs at least this many times in a row. */
const LEAST_TURNS = 3;
/** The largest number of items in a cycle. */
const LONGEST_CYCLE = 8;
/** The largest number of times that the title of a fold lists, besides the last. */
const MOST_TIMES = 12;

/** The items to draw, and the connections that are not drawn. */
export interface Folded {
	readonly items: Item[];
	readonly hidden: ReadonlySet<string>;
}

/**
 * Folds repetitions. Consecutive equal items become one with a count. Of connections that are alike, the first is kept,
 * and the others are counted. Of a cycle, the first turn is kept, followed by a `repeat`. If there are still too many
 * items, most are summarized.
 */
export function fold(items: readonly Item[], labelOf: (connection: string) => string | undefined): Folded {
	const { items: drawn, hidden } = foldAlike(foldRuns(items), labelOf);
	return { items: summarize(foldCycles(foldRuns(drawn))), hidden };
}

function foldRuns(items: readonly Item[]): Item[] {
	const folded: Item[] = [];
	for (let at = 0; at < items.length; ) {
		const first = items[at] as Item;
		let end = at + 1;
		while (end < items.length && isAgain(first, items[end] as Item)) end += 1;
		folded.push(end === at + 1 ? first : joined(items.slice(at, end)));
		at = end;
	}
	return folded;
}

function isAgain(first: Item, item: Item): boolean {
	return (
		item.slot !== 'full' &&
		first.slot === item.slot &&
		first.alike === item.alike &&
		first.connection === item.connection &&
		first.key === item.key
	);
}

/** Joins equal items to one, whose title lists their times. */
function joined(run: readonly Item[]): Item {
	const [first, ...others] = run as [Item, ...Item[]];
	const until = others.at(-1)?.until;
	if (first.slot === 'full' || until === undefined) return first;
	const counted = run.reduce((sum, item) => sum + timesOf(item), 0);
	const segments = run.reduce((sum, item) => sum + item.segments, 0);
	const title = (own: string) => `${own}\n${counted} times, at ${momentsOf(run)} s`;
	if (first.slot === 'wire') {
		const { slot, t, key, alike, sort, connection, event } = first;
		return {
			slot,
			t,
			until,
			key,
			alike,
			sort,
			connection,
			event,
			segments,
			arrow: { ...first.arrow, times: counted, until, title: title(first.arrow.title) },
		};
	}
	return { ...first, until, segments, mark: { ...first.mark, times: counted, title: title(first.mark.title) } };
}

function timesOf(item: Item): number {
	if (item.slot === 'full') return 1;
	return item.slot === 'wire' ? item.arrow.times : item.mark.times;
}

function momentsOf(run: readonly Item[]): string {
	const moments = run.map(({ t }) => t.toFixed(3));
	return moments.length <= MOST_TIMES + 1
		? moments.join(', ')
		: `${moments.slice(0, MOST_TIMES).join(', ')}, … ${moments.at(-1)}`;
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

/** Returns the cycle that begins here and covers the most items; if there are several, the shortest. */
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
	const segments = items.reduce((sum, item) => sum + item.segments, 0);
	return {
		slot: 'full',
		t,
		until,
		key: 'repeat',
		alike: 'repeat',
		sort: 'repeat',
		segments,
		parts: items,
		row: { kind: 'repeat', t, until, times, rows, segments },
	};
}
