import { forEachNode, NODE_NAMES, type NodeName } from '../../timeline/events.ts';
import type { FullWidthItem, Item } from './item.ts';
import { tallyOf } from './tally.ts';

/** Connections that are alike are folded if there are more than this. */
const MOST_DRAWN = 2;
/** A connection with more items is not compared with others. */
const MOST_ITEMS = 200;
/** Matches the sort of items that `ss` sampled. They are not compared, because sampling is random. */
const SAMPLED = /sampled$/;

/** One connection: the sorts of its items by place, and its range among all items. */
interface ConnectionHistory {
	readonly connection: string;
	first: number;
	last: number;
	t: number;
	until: number;
	segments: number;
	count: number;
	/** The sorts of its items, by place and source. */
	readonly signature: Map<string, string[]>;
}

type LabelOf = (connection: string) => string | undefined;

export interface Alike {
	readonly items: Item[];
	/** The connections that are not drawn. */
	readonly hidden: ReadonlySet<string>;
}

/**
 * Folds connections that are alike, as in a loop that connects again and again: keeps the first, and counts the others.
 * Items at the client, on the wire and at the server are compared by source, because the order between sources is a
 * matter of microseconds. Items before and after a fault or a step are compared separately.
 */
export function foldAlike(items: readonly Item[], labelOf: LabelOf): Alike {
	const groups = [...groupsOf(historiesOf(items)).values()].filter((group) => group.length > MOST_DRAWN);
	const hidden = new Set(groups.flatMap((group) => group.slice(1).map(({ connection }) => connection)));
	if (hidden.size === 0) return { items: [...items], hidden };
	const parts = partsOf(items, hidden);
	const rows = new Map<number, FullWidthItem[]>();
	for (const [first, ...others] of groups as [ConnectionHistory, ...ConnectionHistory[]][]) {
		// After the connection that is drawn, and where the first of the others begins.
		const index = Math.max(first.last, others[0]?.first ?? 0);
		rows.set(index, [...(rows.get(index) ?? []), rowOf(first, others, parts, labelOf)]);
	}
	const kept = items.flatMap((item, index) => [...(isHidden(item, hidden) ? [] : [item]), ...(rows.get(index) ?? [])]);
	return { items: kept, hidden };
}

function isHidden({ connection, slot }: Item, hidden: ReadonlySet<string>): boolean {
	return slot !== 'full' && connection !== undefined && hidden.has(connection);
}

/**
 * Returns whether an item occurs by chance, so that it is not compared: samples of `ss`, the beginning of a call that
 * also ended, and pure acknowledgements.
 */
function isIncidental({ event, part, sort }: Item): boolean {
	if (SAMPLED.test(sort) || event?.kind === 'output') return true;
	if (event?.kind === 'call') return part === 'begin' && event.took !== undefined;
	return (
		event?.kind === 'segment' &&
		event.flags === '.' &&
		event.length === 0 &&
		event.fate === 'delivered' &&
		!event.retransmission
	);
}

/** Returns the source of an item. The order of items from different sources may differ by chance. */
function sourceOf({ event }: Item): string {
	if (event?.kind === 'call') return 'calls';
	return event?.kind === 'segment' || event?.kind === 'icmp' ? event.host : 'kernel';
}

function partsOf(items: readonly Item[], hidden: ReadonlySet<string>): Map<string, Item[]> {
	const parts = new Map<string, Item[]>([...hidden].map((connection) => [connection, []]));
	for (const item of items) if (isHidden(item, hidden)) parts.get(item.connection ?? '')?.push(item);
	return parts;
}

function historiesOf(items: readonly Item[]): Map<string, ConnectionHistory> {
	const histories = new Map<string, ConnectionHistory>();
	let section = 0;
	let places = placesOf(section);
	for (const [index, item] of items.entries()) {
		if (item.slot === 'full') places = placesOf(++section);
		const { connection, t, until, segments, slot, sort } = item;
		if (connection === undefined || slot === 'full') continue;
		const known = histories.get(connection);
		const history: ConnectionHistory = known ?? {
			connection,
			first: index,
			last: index,
			t,
			until,
			segments: 0,
			count: 0,
			signature: new Map(),
		};
		if (known === undefined) histories.set(connection, history);
		history.last = index;
		history.until = Math.max(history.until, until);
		history.segments += segments;
		history.count += 1;
		if (history.count > MOST_ITEMS || isIncidental(item)) continue;
		const place = `${places[slot]} ${sourceOf(item)}`;
		const sorts = history.signature.get(place);
		// The number of retransmissions makes no difference.
		if (sorts === undefined) history.signature.set(place, [sort]);
		else if (sorts.at(-1) !== sort) sorts.push(sort);
	}
	return histories;
}

function placesOf(section: number): Readonly<Record<NodeName | 'wire', string>> {
	return { ...forEachNode((node) => `${node} ${section}`), wire: `wire ${section}` };
}

/** Groups connections by their signatures. */
function groupsOf(histories: ReadonlyMap<string, ConnectionHistory>): Map<string, ConnectionHistory[]> {
	const groups = new Map<string, ConnectionHistory[]>();
	for (const history of histories.values()) {
		if (history.count > MOST_ITEMS) continue;
		const signature = [...NODE_NAMES, 'wire'].flatMap((slot) =>
			[...history.signature]
				.filter(([place]) => place.startsWith(slot))
				.map(([place, sorts]) => `${place}: ${sorts.join(', ')}`)
				.sort(),
		);
		const key = signature.join('\n');
		const group = groups.get(key);
		if (group) group.push(history);
		else groups.set(key, [history]);
	}
	return groups;
}

function rowOf(
	first: ConnectionHistory,
	others: readonly ConnectionHistory[],
	hidden: ReadonlyMap<string, Item[]>,
	labelOf: LabelOf,
): FullWidthItem {
	const [t, until] = [others[0]?.t ?? first.t, others.reduce((latest, history) => Math.max(latest, history.until), 0)];
	const segments = others.reduce((sum, history) => sum + history.segments, 0);
	const [like, from, to] = [first, others[0] ?? first, others.at(-1) ?? first].map(
		({ connection }) => labelOf(connection) ?? 'it',
	);
	const key = `alike ${first.connection}`;
	const parts = others.flatMap(({ connection }) => hidden.get(connection) ?? []);
	const among = others.length === 1 ? from : `among ${from} to ${to}`;
	const text =
		`${others.length} more connections like ${like}, ${among}: ${tallyOf(parts)}, from ${t.toFixed(3)} s to ` +
		`${until.toFixed(3)} s`;
	const row = { kind: 'bundle', t, until, text, segments, connections: others.length } as const;
	return { slot: 'full', t, until, key, alike: key, sort: 'alike', segments, parts, row };
}
