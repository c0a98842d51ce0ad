import type { FullWidthItem, Item } from './item.ts';
import { tallyOf } from './tally.ts';

/** The largest number of items that are all drawn. */
const MOST_ITEMS = 260;
/** The number of items that are kept at the beginning and at the end. */
const AT_EACH_END = 30;
/** The largest number of sorts of which the first item is kept. */
const MOST_SORTS = 50;
/** The largest number of rows about folded connections that are kept. */
const MOST_ALIKE = 20;

/**
 * Summarizes items if there are too many. Keeps the beginning, the end, the first item of each sort, and everything
 * across the whole picture; counts the items in between by kind and fate. So the size of the result is bounded.
 */
export function summarize(items: readonly Item[]): Item[] {
	if (items.length <= MOST_ITEMS) return [...items];
	const kept: Item[] = [];
	const sorts = new Set<string>();
	let between: Item[] = [];
	let alike = 0;
	const close = () => {
		if (between.length === 1) kept.push(between[0] as Item);
		else if (between.length > 1) kept.push(rowOf(between));
		between = [];
	};
	for (const [index, item] of items.entries()) {
		const isNew = item.slot !== 'full' && sorts.size < MOST_SORTS && !sorts.has(item.sort);
		if (isNew) sorts.add(item.sort);
		const isKept = isFullWidthEvent(item) || (isOfConnections(item) && ++alike <= MOST_ALIKE);
		if (isNew || isKept || index < AT_EACH_END || index >= items.length - AT_EACH_END) {
			close();
			kept.push(item);
		} else between.push(item);
	}
	close();
	return kept;
}

function isFold(item: Item): boolean {
	return item.slot === 'full' && (item.row.kind === 'repeat' || item.row.kind === 'bundle');
}

function isOfConnections(item: Item): boolean {
	return item.slot === 'full' && item.row.kind === 'bundle' && item.row.connections > 0;
}

function isFullWidthEvent(item: Item): boolean {
	return item.slot === 'full' && !isFold(item);
}

function rowOf(items: readonly Item[]): FullWidthItem {
	const t = items[0]?.t ?? 0;
	const until = items.reduce((latest, item) => Math.max(latest, item.until), t);
	const segments = items.reduce((sum, item) => sum + item.segments, 0);
	const text = `${tallyOf(items)}, until ${until.toFixed(3)} s`;
	const row = { kind: 'bundle', t, until, text, segments, connections: 0 } as const;
	return { slot: 'full', t, until, key: `bundle ${t}`, alike: 'bundle', sort: 'bundle', segments, parts: items, row };
}
