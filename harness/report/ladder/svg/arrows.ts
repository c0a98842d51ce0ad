import { wrap } from '../../text-format.ts';
import { isRightwards, labelOf, notesOf } from '../arrow.ts';
import { PRECISION } from '../item.ts';
import type { Arrow } from '../model.ts';
import { columnsOf, type Geometry, LINE_HEIGHT } from './geometry.ts';
import { CHARACTER_WIDTH } from './style.ts';
import { drawn, element, text } from './xml.ts';

/**
 * The least height of an arrow, in pixels. Packets of a lab arrive after microseconds, but the arrow must show that
 * they arrive later.
 */
const LEAST_FALL = 8;
const LABEL = 13;
const HEAD = 7;
const CROSS = 5;
const INSET = 3;
const LOOKS = { delivered: '', dropped: 'lost', unobserved: 'unobserved', unknown: 'unknown' } as const;
/**
 * The length of a lost segment's arrow, as a share of the way: dropped at the sender, at the router, in between, at the
 * receiver.
 */
const REACH = { sender: 0.3, router: 0.5, between: 0.6, receiver: 0.85 };

/** Returns the height of an arrow and its notes, in pixels. */
export function arrowHeight(arrow: Arrow, geometry: Geometry): number {
	return LABEL + LEAST_FALL + 4 + notesBelow(arrow, geometry).length * LINE_HEIGHT;
}

/**
 * Draws an arrow from the time when the segment was sent to the time when it arrived. The arrow of a lost segment is
 * broken off where it was lost.
 */
export function drawArrow(arrow: Arrow, geometry: Geometry, top: number, arrivedAt: number): string {
	const { from, to, fate, times, retransmission } = arrow;
	const sign = isRightwards(arrow) ? 1 : -1;
	const x0 = columnsOf(geometry, from).lifeline + sign * INSET;
	const whole = Math.abs(columnsOf(geometry, to).lifeline - columnsOf(geometry, from).lifeline) - 2 * INSET;
	const y0 = top + LABEL;
	const reach = fate === 'delivered' ? 1 : reachOf(arrow);
	const x1 = x0 + sign * whole * reach;
	// A quick segment arrives in its row, so that its effects are beside the arrow's head or below it.
	const isQuick = arrow.arrived === undefined || arrow.arrived - arrow.t <= PRECISION;
	const y1 = fate === 'delivered' && !isQuick ? Math.max(y0 + LEAST_FALL, arrivedAt) : y0 + LEAST_FALL * reach;
	const middle = middleOf(arrow, geometry);
	const look = [LOOKS[fate], retransmission ? 'again' : ''].filter(Boolean).join(' ');
	const shafts = (times > 1 ? [-2, 2] : [0]).map((shift) =>
		element('line', { x1: x0, y1: y0 + shift, x2: x1, y2: y1 + shift, class: look || undefined }),
	);
	const notes = notesBelow(arrow, geometry);
	return drawn(
		'segment',
		arrow.title,
		...shafts,
		endAt(fate, x1, y1, sign),
		text(middle, y0 - 3, labelOf(arrow, charactersOf(arrow, geometry))),
		...notes.map((line, index) =>
			text(middle, y0 + LEAST_FALL + 4 + (index + 1) * LINE_HEIGHT - 4, line, {
				class: fate === 'delivered' ? 'note' : 'note fate',
			}),
		),
	);
}

function endAt(fate: Arrow['fate'], x: number, y: number, sign: number): string {
	if (fate === 'delivered') return headAt(x, y, sign);
	return fate === 'unknown' ? text(x + sign * CROSS, y + 4, '?', { class: 'fate' }) : crossAt(x, y);
}

function reachOf({ lostAt, from, router }: Arrow): number {
	const reach = lostAt === undefined ? REACH.between : lostAt === from ? REACH.sender : REACH.receiver;
	if (router === undefined) return reach;
	if (router === 'entered') return REACH.router;
	return (router === 'forwarded' ? 1 + reach : reach) / 2;
}

/** The lifelines between which texts about an arrow are: its ends or, if it crosses the router's, that and its sender's. */
function endsOf({ from, to, router }: Arrow, geometry: Geometry): [number, number] {
	const end = router === undefined ? to : 'router';
	return [columnsOf(geometry, from).lifeline, columnsOf(geometry, end).lifeline];
}

function middleOf(arrow: Arrow, geometry: Geometry): number {
	const [one, other] = endsOf(arrow, geometry);
	return (one + other) / 2;
}

function charactersOf(arrow: Arrow, geometry: Geometry): number {
	const [one, other] = endsOf(arrow, geometry);
	return Math.floor((Math.abs(other - one) - 8) / CHARACTER_WIDTH);
}

function notesBelow(arrow: Arrow, geometry: Geometry): string[] {
	const notes = notesOf(arrow);
	return notes === '' ? [] : wrap(notes, charactersOf(arrow, geometry));
}

function headAt(x: number, y: number, sign: number): string {
	const [back, half] = [x - sign * HEAD, HEAD / 2];
	return element('path', {
		d:
			`M${x.toFixed(1)} ${y.toFixed(1)}L${back.toFixed(1)} ${(y - half - 1).toFixed(1)}L${back.toFixed(1)} ` +
			`${(y + half - 1).toFixed(1)}Z`,
	});
}

function crossAt(x: number, y: number): string {
	const arm = (tilt: number) =>
		element('line', { x1: x - CROSS, y1: y - tilt * CROSS, x2: x + CROSS, y2: y + tilt * CROSS, class: 'cross' });
	return arm(1) + arm(-1);
}
