import type { FullWidthItem, Item } from './item.ts';
import { tallyOf } from './tally.ts';

/** So many connections that are alike are told one by one. */
const MOST_DRAWN = 2;
/** A connection of more things is like no other. */
const MOST_THINGS = 200;
/** What `ss` saw now and then tells no two connections apart. */
const SAMPLED = /sampled$/;

/** What is known of one connection: its things, place by place, and where it begins and ends among all things. */
interface ConnectionHistory {
	readonly connection: string;
	first: number;
	last: number;
	t: number;
	until: number;
	segments: number;
	things: number;
	readonly signature: Map<string, string[]>;
}

type LabelOf = (connection: string) => string | undefined;

export interface Alike {
	readonly items: Item[];
	/** The connections of which nothing is drawn. */
	readonly hidden: ReadonlySet<string>;
}

/**
 * Connections to which the same happened, as in a loop that connects anew: the first is drawn, the others are counted.
 * What happened at the client, on the wire and at the server is compared source by source, for the order between them
 * is a matter of microseconds. A fault or a step parts them.
 */
export function foldAlike(items: readonly Item[], labelOf: LabelOf): Alike {
	const groups = [...alike(historiesOf(items)).values()].filter((group) => group.length > MOST_DRAWN);
	const hidden = new Set(groups.flatMap((group) => group.slice(1).map(({ connection }) => connection)));
	if (hidden.size === 0) return { items: [...items], hidden };
	const parts = partsOf(items, hidden);
	const rows = new Map<number, FullWidthItem[]>();
	for (const [first, ...others] of groups as [ConnectionHistory, ...ConnectionHistory[]][]) {
		// Behind the one that is drawn, and where the first of those begins that are not.
		const place = Math.max(first.last, others[0]?.first ?? 0);
		rows.set(place, [...(rows.get(place) ?? []), rowOf(first, others, parts, labelOf)]);
	}
	const kept = items.flatMap((item, index) => [...(isHidden(item, hidden) ? [] : [item]), ...(rows.get(index) ?? [])]);
	return { items: kept, hidden };
}

function isHidden({ connection, slot }: Item, hidden: ReadonlySet<string>): boolean {
	return slot !== 'full' && connection !== undefined && hidden.has(connection);
}

/**
 * What comes or not as it happens: looks at `ss`, where a call began that also ended, and acknowledgements that carry
 * nothing else.
 */
function isPassing({ event, part, sort }: Item): boolean {
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

/** Whose word it is: between two sources the order of microseconds is chance. */
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
	let stretch = 0;
	let places = placesOf(stretch);
	for (const [index, item] of items.entries()) {
		if (item.slot === 'full') places = placesOf(++stretch);
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
			things: 0,
			signature: new Map(),
		};
		if (known === undefined) histories.set(connection, history);
		history.last = index;
		history.until = Math.max(history.until, until);
		history.segments += segments;
		history.things += 1;
		if (history.things > MOST_THINGS || isPassing(item)) continue;
		const place = `${places[slot]} ${sourceOf(item)}`;
		const things = history.signature.get(place);
		// How often something was retransmitted makes no other history of things.
		if (things === undefined) history.signature.set(place, [sort]);
		else if (things.at(-1) !== sort) things.push(sort);
	}
	return histories;
}

function placesOf(stretch: number): Readonly<Record<'client' | 'wire' | 'server', string>> {
	return { client: `client ${stretch}`, wire: `wire ${stretch}`, server: `server ${stretch}` };
}

function alike(histories: ReadonlyMap<string, ConnectionHistory>): Map<string, ConnectionHistory[]> {
	const groups = new Map<string, ConnectionHistory[]>();
	for (const history of histories.values()) {
		if (history.things > MOST_THINGS) continue;
		const signature = ['client', 'wire', 'server'].flatMap((slot) =>
			[...history.signature]
				.filter(([place]) => place.startsWith(slot))
				.map(([place, things]) => `${place}: ${things.join(', ')}`)
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
