import type { EventOf, NodeName } from '../../timeline/events.ts';
import type { TimelineFile } from '../../timeline/timeline-file.ts';
import type { FoldedSamples } from './data.ts';

/** Clocks in the details of `ss` that run while nothing happens: times since an event, and times spent. */
const CLOCKS = /\b(?:lastsnd|lastrcv|lastack|busy|rwnd_limited|sndbuf_limited):\S+/g;

/** Returns the samples of `ss` on one node, in order. A sample that shows nothing new is folded into the one before. */
export function samplesOn(host: NodeName, { events }: TimelineFile): FoldedSamples[] {
	const samples: FoldedSamples[] = [];
	let previous: string | undefined;
	for (const event of events) {
		if (event.kind !== 'sockets' || event.host !== host) continue;
		const { t, rows } = event;
		const last = samples.at(-1);
		const stable = withoutClocks(event);
		if (last && stable === previous) samples[samples.length - 1] = { ...last, until: t, times: last.times + 1 };
		else samples.push({ t, until: t, times: 1, rows });
		previous = stable;
	}
	return samples;
}

function withoutClocks({ boot, rows }: EventOf<'sockets'>): string {
	const stableRows = rows.map(({ timer, details, ...row }) => ({
		...row,
		timer: timer && [timer.name, timer.count],
		details: details.replace(CLOCKS, ''),
	}));
	return JSON.stringify([boot, stableRows]);
}
