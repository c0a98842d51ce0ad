import type { HostName, TimelineFile } from '../../timeline/events.ts';
import { Connections } from './connections.ts';
import { fold } from './fold.ts';
import { type Item, itemsOf } from './items.ts';
import type { Arrow, Ladder, Mark, Row, Story } from './model.ts';
import { bandsOf, outagesOf, timersOf } from './spans.ts';

/** Things closer than this stand in one row, in seconds: more than the clocks of two observers differ, less than a reader cares for. */
const ONE_MOMENT = 0.002;
/** Silence from this long on is drawn as a wait, in seconds. */
const A_WAIT = 1;
/** Marks of one host in one row. */
const MOST_MARKS = 3;
/** Calls that put something on the wire: they stand beside what they sent. */
const SENDING = /^(\S+: )?(connect|write|writev|send|sendto|sendmsg|close|shutdown)\(/;

/** A timeline as a ladder: pure, complete (each fault and each segment is drawn or counted in a fold), and the same for every renderer. */
export function layOut(timeline: TimelineFile): Ladder {
	const connections = new Connections(timeline);
	const { scenario, spec, outcome, question, answer, engine, kernel, startedAt, hosts, verdicts, losses, skipped } = timeline;
	const events = timeline.events.toSorted((a, b) => a.t - b.t);
	const end = events.reduce((latest, event) => Math.max(latest, endOf(event)), 0);
	const { items, blocks } = itemsOf({ ...timeline, events }, connections, end);
	return {
		title: scenario,
		spec,
		outcome,
		question,
		answer,
		engine,
		kernel: kernel.release,
		startedAt,
		addresses: { client: hosts.client.ip, server: hosts.server.ip },
		connections: connections.legend(),
		rows: rowsOf(fold(items)),
		spans: { bands: bandsOf(events, end), timers: timersOf(events, end), blocks, outages: outagesOf(events, end), end },
		sampled: events.some((event) => event.kind === 'state' && event.how === 'sampled'),
		verdicts,
		losses,
		skipped,
	};
}

function endOf(event: TimelineFile['events'][number]): number {
	return event.kind === 'call' ? event.t + (event.took ?? 0) : event.t;
}

interface OpenRow {
	t: number;
	until: number;
	client: Mark[];
	wire: Arrow | undefined;
	server: Mark[];
}

function rowsOf(items: readonly Item[]): Row[] {
	const rows: Row[] = [];
	let open: OpenRow | undefined;
	let latest: number | undefined;
	const close = () => {
		if (open !== undefined && !isEmpty(open)) rows.push(storyOf(open));
		open = undefined;
	};
	for (const item of items) {
		if (latest !== undefined && item.t - latest >= A_WAIT) {
			close();
			rows.push({ kind: 'wait', t: latest, seconds: item.t - latest });
		}
		latest = Math.max(latest ?? item.until, item.until);
		if (item.slot === 'full') {
			close();
			rows.push(item.row);
			continue;
		}
		const moved: Mark[] = open !== undefined && item.slot === 'wire' && !takes(open, item) ? causeOf(open, item.arrow) : [];
		if (open === undefined || !takes(open, item)) {
			close();
			open = { t: moved[0]?.t ?? item.t, until: item.t, client: [], wire: undefined, server: [] };
			if (item.slot === 'wire') open[item.arrow.from].push(...moved);
		}
		put(open, item);
	}
	close();
	return rows;
}

function put(open: OpenRow, item: Item): void {
	if (item.slot === 'wire') open.wire = item.arrow;
	else if (item.slot !== 'full') open[item.slot].push(item.mark);
	open.until = Math.max(open.until, item.until);
}

/** Whether the item belongs to the moment of the open row, and there is room for it. */
function takes(open: OpenRow, item: Item): boolean {
	if (item.t - open.t > ONE_MOMENT || open.until > open.t + ONE_MOMENT) return false;
	if (item.slot === 'full') return false;
	if (item.slot !== 'wire') return open[item.slot].length < MOST_MARKS;
	const receiver: HostName = item.arrow.from === 'client' ? 'server' : 'client';
	return open.wire === undefined && open[receiver].length === 0;
}

/** Takes out of a row the call that sent this arrow, and what followed it at that host, so that cause and effect stand side by side. */
function causeOf(open: OpenRow, arrow: Arrow): Mark[] {
	if (arrow.t - open.t > ONE_MOMENT || (arrow.length === 0 && !/[SFR]/.test(arrow.flags))) return [];
	const marks = open[arrow.from];
	const call = marks.findLastIndex(({ head }) => SENDING.test(head));
	return call === -1 ? [] : marks.splice(call);
}

function isEmpty({ client, wire, server }: OpenRow): boolean {
	return wire === undefined && client.length === 0 && server.length === 0;
}

function storyOf({ t, client, wire, server }: OpenRow): Story {
	return { kind: 'story', t, client, wire, server };
}
