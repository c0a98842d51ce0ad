import { environmentOf } from '../../claims/environment.ts';
import type { NodeName } from '../../timeline/events.ts';
import { nodesOf, type TimelineFile } from '../../timeline/timeline-file.ts';
import { Connections } from './connections.ts';
import { fold } from './fold.ts';
import { itemsOf } from './items.ts';
import type { Ladder } from './model.ts';
import { rowsOf } from './rows.ts';
import { bandsOf, inLanes, type LastKnown, outagesOf, timersOf } from './spans.ts';
import { VisibleSpans } from './visible-spans.ts';

/**
 * Lays out a timeline as a ladder, for any renderer. This is a pure function. Each fault is drawn; each segment is
 * drawn or counted in a fold. The size of the result is bounded. No item is above its cause.
 */
export function layOut(timeline: TimelineFile): Ladder {
	const connections = new Connections(timeline);
	const { scenario, spec, outcome, failure, question, answer, startedAt, hosts, verdicts, losses, skipped } = timeline;
	const events = timeline.events.toSorted((a, b) => a.t - b.t);
	const end = events.reduce((latest, event) => Math.max(latest, endOf(event)), 0);
	const { items, blocks } = itemsOf({ ...timeline, events }, connections, end);
	const folded = fold(items, (connection) => connections.labelOfKey(connection));
	const rows = rowsOf(folded.items);
	const visible = new VisibleSpans(rows, folded.hidden);
	const lastKnown = lastKnownOf(timeline, end);
	return {
		title: scenario,
		spec,
		outcome,
		failure: failure?.message,
		question,
		answer,
		...environmentOf(timeline),
		startedAt,
		lifelines: nodesOf(timeline),
		addresses: Object.fromEntries(nodesOf(timeline).map((node) => [node, hosts[node]?.ip])),
		connections: connections.legend(),
		rows,
		spans: {
			bands: inLanes(visible.among(bandsOf(events, end, lastKnown, connections))),
			timers: inLanes(visible.among(timersOf(events, end, lastKnown, connections))),
			blocks: inLanes(visible.among(blocks)),
			outages: outagesOf(events, end),
			end,
		},
		sampled: events.some((event) => event.kind === 'state' && event.how === 'sampled'),
		verdicts,
		losses,
		skipped,
	};
}

function endOf(event: TimelineFile['events'][number]): number {
	return event.kind === 'call' ? event.t + (event.took ?? 0) : event.t;
}

/**
 * Returns until when states are known. The kernel reports each change while its trace is read. `ss` reports nothing
 * after its last sample.
 */
function lastKnownOf({ lastLook, losses }: TimelineFile, end: number): LastKnown {
	const lostSince = (observer: string, host: NodeName) =>
		losses.reduce(
			(earliest, loss) =>
				loss.observer === observer && (loss.host ?? host) === host && loss.until === undefined
					? Math.min(earliest, loss.since ?? end)
					: earliest,
			end,
		);
	// A host without samples has no entry.
	const lastSample = (host: NodeName) => (lastLook === undefined ? end : (lastLook[host] ?? 0));
	return (host, how) =>
		how === 'traced'
			? lostSince(host === 'router' ? 'conntrack' : 'kernel', host)
			: Math.min(lastSample(host), lostSince('ss', host));
}
