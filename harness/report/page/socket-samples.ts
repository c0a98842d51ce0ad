import type { EventOf, HostName } from '../../timeline/events.ts';
import type { TimelineFile } from '../../timeline/timeline-file.ts';
import type { SocketSample } from './data.ts';

/** What goes on counting while nothing happens: times since, and times spent. */
const CLOCKS = /\b(?:lastsnd|lastrcv|lastack|busy|rwnd_limited|sndbuf_limited):\S+/g;

/** The looks at `ss` on one host, in order; those that showed nothing new are folded into the one before. */
export function samplesOn(host: HostName, { events }: TimelineFile): SocketSample[] {
	const samples: SocketSample[] = [];
	let shown: string | undefined;
	for (const event of events) {
		if (event.kind !== 'sockets' || event.host !== host) continue;
		const { t, rows } = event;
		const before = samples.at(-1);
		const shows = whatIsShown(event);
		if (before && shows === shown) samples[samples.length - 1] = { ...before, until: t, times: before.times + 1 };
		else samples.push({ t, until: t, times: 1, rows });
		shown = shows;
	}
	return samples;
}

function whatIsShown({ boot, rows }: EventOf<'sockets'>): string {
	const stable = rows.map(({ timer, details, ...row }) => ({
		...row,
		timer: timer && [timer.name, timer.count],
		details: details.replace(CLOCKS, ''),
	}));
	return JSON.stringify([boot, stable]);
}
