import assert from 'node:assert/strict';
import type { NodeName } from '../../../timeline/events.ts';
import type { Ladder } from '../model.ts';

export const WIDTH = 1_100;
export const MARGIN = 16;
export const LINE_HEIGHT = 15;

const TIME_RIGHT = 70;
const LIFELINES = { client: 440, server: 660 } as const;
/** With a router in the middle. */
const ROUTED_LIFELINES = { client: 330, router: 550, server: 770 } as const;
/** The total width of one host's bands, however many sockets it has. */
const BANDS = 48;
const WIDEST_LANE = 12;
const TIMER = 3;
const BLOCK = 4;
const GAP = 6;

/**
 * The horizontal positions of one node's parts. The client's are left of its lifeline. Those of the others are a mirror
 * image of it.
 */
export interface HostColumns {
	readonly lifeline: number;
	/** Returns the left edge of a lane. */
	readonly band: (lane: number) => number;
	readonly bandWidth: number;
	readonly timer: (lane: number) => number;
	readonly timerWidth: number;
	readonly block: (lane: number) => number;
	readonly blockWidth: number;
	/** Where texts begin or, at the client, end. */
	readonly words: number;
	readonly wordsWidth: number;
	readonly anchor: 'start' | 'end';
}

export interface Geometry {
	readonly timeRight: number;
	readonly client: HostColumns;
	/** Undefined if the wire is a bridge. */
	readonly router: HostColumns | undefined;
	readonly server: HostColumns;
}

/** Returns the columns of a node that is in the picture. */
export function columnsOf(geometry: Geometry, node: NodeName): HostColumns {
	const columns = geometry[node];
	assert(columns, 'a ladder has events of its own nodes only');
	return columns;
}

const lanesOf = (spans: readonly { readonly host: NodeName; readonly lane: number }[], host: NodeName) =>
	spans.reduce((most, span) => (span.host === host ? Math.max(most, span.lane + 1) : most), 0);

export function geometryOf({
	lifelines,
	spans: { bands, timers, blocks },
}: Pick<Ladder, 'lifelines' | 'spans'>): Geometry {
	const isRouted = lifelines.includes('router');
	const sideOf = (host: NodeName): HostColumns => {
		const lifeline = isRouted ? ROUTED_LIFELINES[host] : LIFELINES[host === 'router' ? 'server' : host];
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
			wordsWidth: wordsWidthAt(host, words),
			anchor: host === 'client' ? 'end' : 'start',
		};
	};
	return {
		timeRight: TIME_RIGHT,
		client: sideOf('client'),
		router: isRouted ? sideOf('router') : undefined,
		server: sideOf('server'),
	};
}

function wordsWidthAt(host: NodeName, words: number): number {
	if (host === 'client') return words - TIME_RIGHT - GAP;
	return (host === 'router' ? ROUTED_LIFELINES.server : WIDTH) - MARGIN - words;
}
