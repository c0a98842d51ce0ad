import type { FullWidthItem, Item } from './item.ts';
import { tallyOf } from './tally.ts';

/** Up to this many things are drawn one by one; of more, those that a reader looks for. */
const MOST_ITEMS = 260;
/** The beginning and the end, and of each sort the first, while there is room. */
const AT_EACH_END = 30;
const MOST_SORTS = 50;
/** So many rows that stand for connections stay. */
const MOST_ALIKE = 20;

/**
 * What is too much to be drawn: its beginning, its end, the first of each sort, and all that goes across the picture
 * stay; what lies between is counted, by what it was and what became of it. The result has a size that does not depend
 * on how much there was.
 */
export function summarized(items: readonly Item[]): Item[] {
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
