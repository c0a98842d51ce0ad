import type { HostName } from '../../../timeline/events.ts';
import type { Spans } from '../model.ts';

export const WIDTH = 1_100;
export const MARGIN = 16;
export const LINE_HEIGHT = 15;

const TIME_RIGHT = 70;
const LIFELINE: Readonly<Record<HostName, number>> = { client: 440, server: 660 };
/** The total width of one host's bands, however many sockets it has. */
const BANDS = 48;
const WIDEST_LANE = 12;
const TIMER = 3;
const BLOCK = 4;
const GAP = 6;

/** The horizontal positions of one host's parts. The client is on the left, and the server is its mirror image. */
export interface HostColumns {
	readonly lifeline: number;
	/** Returns the left edge of a lane. */
	readonly band: (lane: number) => number;
	readonly bandWidth: number;
	readonly timer: (lane: number) => number;
	readonly timerWidth: number;
	readonly block: (lane: number) => number;
	readonly blockWidth: number;
	/** Where texts begin (server) or end (client). */
	readonly words: number;
	readonly wordsWidth: number;
	readonly anchor: 'start' | 'end';
}

export interface Geometry {
	readonly timeRight: number;
	readonly client: HostColumns;
	readonly server: HostColumns;
}

const lanesOf = (spans: readonly { readonly host: HostName; readonly lane: number }[], host: HostName) =>
	spans.reduce((most, span) => (span.host === host ? Math.max(most, span.lane + 1) : most), 0);

export function geometryOf({ bands, timers, blocks }: Spans): Geometry {
	const sideOf = (host: HostName): HostColumns => {
		const lifeline = LIFELINE[host];
		const sign = host === 'client' ? -1 : 1;
		const bandLanes = lanesOf(bands, host);
		const bandWidth = bandLanes === 0 ? 0 : Math.min(WIDEST_LANE, BANDS / bandLanes);
		const bandsEnd = bandLanes * bandWidth + 2;
		const timerLanes = lanesOf(timers, host);
		const timerWidth = timerLanes === 0 ? 0 : Math.min(TIMER, BANDS / 4 / timerLanes);
		const timersEnd = bandsEnd + timerLanes * timerWidth + (timerLanes > 0 ? 2 : 0);
		const blockLanes = lanesOf(blocks, host);
		const blockWidth = blockLanes === 0 ? 0 : Math.min(BLOCK, BANDS / 2 / blockLanes);
		const blocksEnd = timersEnd + blockLanes * blockWidth + (blockLanes > 0 ? 2 : 0);
		const left = (offset: number, width: number) => (lane: number) =>
			lifeline + sign * (offset + lane * width) - (sign < 0 ? width : 0);
		const words = lifeline + sign * (blocksEnd + GAP);
		return {
			lifeline,
			band: left(2, bandWidth),
			bandWidth,
			timer: left(bandsEnd, timerWidth),
			timerWidth,
			block: left(timersEnd, blockWidth),
			blockWidth,
			words,
			wordsWidth: host === 'client' ? words - TIME_RIGHT - GAP : WIDTH - MARGIN - words,
			anchor: host === 'client' ? 'end' : 'start',
		};
	};
	return { timeRight: TIME_RIGHT, client: sideOf('client'), server: sideOf('server') };
}
