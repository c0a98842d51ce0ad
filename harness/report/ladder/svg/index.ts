import { NODE_NAMES } from '../../../timeline/events.ts';
import { duration, wrap } from '../../text-format.ts';
import type { EventRow, FaultRow, Ladder, LadderRow } from '../model.ts';
import { arrowHeight, drawArrow } from './arrows.ts';
import { drawFoot, drawHead } from './frame.ts';
import { columnsOf, type Geometry, geometryOf, LINE_HEIGHT, MARGIN, WIDTH } from './geometry.ts';
import { drawMarks, drawOutages, drawSpans, linesOf } from './host-columns.ts';
import { type RowPosition, TimeScale } from './scale.ts';
import { CHARACTER_WIDTH, STYLE } from './style.ts';
import { drawn, element, escapeXml, text } from './xml.ts';

const STEP_HEIGHT = 30;
const PAUSE_HEIGHT = 30;
const ROW_GAP = 5;
const FULL_COLUMNS = Math.floor((WIDTH - 110) / CHARACTER_WIDTH);

/**
 * Draws a ladder as SVG: a lifeline for each node, time downwards, segments as arrows from the time they were sent to the time
 * they arrived. The SVG needs no other files, is legible on light and dark backgrounds, and describes each part in a
 * title.
 */
export function drawSvg(ladder: Ladder): string {
	const geometry = geometryOf(ladder);
	const head = drawHead(ladder, geometry);
	const scale = new TimeScale(ladder, head.bottom + 6, (row) => heightOf(row, geometry));
	const foot = drawFoot(ladder, scale.bottom);
	const height = Math.ceil(foot.bottom + MARGIN);
	return element(
		'svg',
		{
			xmlns: 'http://www.w3.org/2000/svg',
			class: 'halfopen-ladder',
			viewBox: `0 0 ${WIDTH} ${height}`,
			width: WIDTH,
			height,
			role: 'graphics-document',
		},
		element('title', {}, escapeXml(ladder.title)),
		element('desc', {}, escapeXml([ladder.question, ladder.answer].filter(Boolean).join('\n'))),
		element('style', {}, STYLE.replaceAll('<', '&lt;')),
		element('rect', { class: 'paper', width: WIDTH, height }),
		...ladder.lifelines.map((host) => {
			const x = columnsOf(geometry, host).lifeline;
			return element('line', { class: 'lifeline', x1: x, y1: head.bottom, x2: x, y2: scale.bottom });
		}),
		drawOutages(ladder, geometry, scale),
		drawSpans(ladder, geometry, scale),
		...scale.positions.map((position) => drawRow(position, geometry, scale)),
		head.svg,
		foot.svg,
	);
}

function heightOf(row: LadderRow, geometry: Geometry): number {
	switch (row.kind) {
		case 'events': {
			const lines = nodesOf(geometry).map((node) =>
				linesOf(row.marks[node], columnsOf(geometry, node)).reduce((sum, { lines }) => sum + lines.length, 0),
			);
			const words = Math.max(...lines) * LINE_HEIGHT;
			return Math.max(words, row.wire === undefined ? 0 : arrowHeight(row.wire, geometry)) + ROW_GAP;
		}
		case 'step':
			return STEP_HEIGHT + (wrap(row.text, FULL_COLUMNS).length - 1) * LINE_HEIGHT;
		case 'fault':
			return faultLines(row).length * LINE_HEIGHT + 2 * ROW_GAP;
		case 'lapse':
		case 'bundle':
			return wrap(row.text, FULL_COLUMNS).length * LINE_HEIGHT + 2 * ROW_GAP;
		case 'wait':
		case 'repeat':
			return PAUSE_HEIGHT;
	}
}

function drawRow({ row, top, height }: RowPosition, geometry: Geometry, scale: TimeScale): string {
	const time = text(geometry.timeRight, top + LINE_HEIGHT - 3, row.t.toFixed(3), {
		class: 'time',
		'text-anchor': 'end',
	});
	switch (row.kind) {
		case 'events':
			return time + drawEvents(row, geometry, top, scale);
		case 'step': {
			const lines = wrap(row.text, FULL_COLUMNS).map((line, index) =>
				text(geometry.timeRight + 14, top + 21 + index * LINE_HEIGHT, line),
			);
			const rule = element('line', {
				class: 'rule',
				x1: geometry.timeRight + 14,
				y1: top + 5,
				x2: WIDTH - MARGIN,
				y2: top + 5,
			});
			return (
				text(geometry.timeRight, top + 20, row.t.toFixed(3), { class: 'time', 'text-anchor': 'end' }) +
				drawn('step', row.text, rule, ...lines)
			);
		}
		case 'fault':
			return time + drawFault(row, geometry, top);
		case 'lapse': {
			const rule = element('line', {
				class: 'rule',
				x1: geometry.timeRight + 14,
				y1: top + 2,
				x2: WIDTH - MARGIN,
				y2: top + 2,
			});
			return time + drawn('lapse', row.text, rule, ...linesAcross(row.text, geometry, top));
		}
		case 'bundle':
			return (
				time +
				drawn('bundle', row.text, ...breaks(geometry, top, height), ...linesAcross(`… ${row.text}`, geometry, top))
			);
		case 'wait':
			return drawPause(`… ${duration(row.seconds)} …`, geometry, top, height);
		case 'repeat':
			return drawPause(
				`… ${row.times} more time${row.times === 1 ? '' : 's'} the same, until ${row.until.toFixed(1)} s …`,
				geometry,
				top,
				height,
			);
	}
}

const nodesOf = (geometry: Geometry) => NODE_NAMES.filter((node) => geometry[node] !== undefined);

function drawEvents({ marks, wire }: EventRow, geometry: Geometry, top: number, scale: TimeScale): string {
	const { client, router, server } = geometry;
	return [
		drawMarks(marks.client, client, top),
		wire === undefined ? '' : drawArrow(wire, geometry, top, scale.yAt(wire.arrived ?? wire.t)),
		router === undefined ? '' : drawMarks(marks.router, router, top),
		drawMarks(marks.server, server, top),
	].join('');
}

/** Draws a pause: the lifelines are broken, because time is compressed, and the text is between them. */
function drawPause(words: string, geometry: Geometry, top: number, height: number): string {
	const middle = (geometry.client.lifeline + geometry.server.lifeline) / 2;
	return drawn(
		'wait',
		words,
		...breaks(geometry, top, height),
		text(middle, top + height / 2 + 4, words, { 'text-anchor': 'middle' }),
	);
}

function breaks(geometry: Geometry, top: number, height: number): string[] {
	return nodesOf(geometry).map((node) => {
		const x = columnsOf(geometry, node).lifeline;
		return element('line', { class: 'break', x1: x, y1: top + 6, x2: x, y2: top + height - 6 });
	});
}

function linesAcross(words: string, geometry: Geometry, top: number): string[] {
	return wrap(words, FULL_COLUMNS).map((line, index) =>
		text(geometry.timeRight + 14, top + ROW_GAP + (index + 1) * LINE_HEIGHT - 4, line),
	);
}

/** Returns the lines of a fault: what was injected or healed, and the proof. */
function faultLines({ phase, text, proof }: FaultRow): { readonly words: string; readonly proof: boolean }[] {
	const says = { injected: `╳ ${text}`, proven: '', healed: `○ healed: ${text}` }[phase];
	const why = proof === undefined ? '' : phase === 'proven' ? `proven: ${proof}` : proof;
	return [
		...(says === '' ? [] : wrap(says, FULL_COLUMNS).map((words) => ({ words, proof: false }))),
		...(why === '' ? [] : wrap(why, FULL_COLUMNS).map((words) => ({ words: `  ${words}`, proof: true }))),
	];
}

function drawFault(row: FaultRow, geometry: Geometry, top: number): string {
	const lines = faultLines(row).map(({ words, proof }, index) =>
		text(
			geometry.timeRight + 14,
			top + ROW_GAP + (index + 1) * LINE_HEIGHT - 4,
			words,
			proof ? { class: 'proof' } : {},
		),
	);
	return drawn('fault', [row.text, row.proof].filter(Boolean).join('\n'), ...lines);
}
