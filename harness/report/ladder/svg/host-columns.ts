import type { MachineName } from '../../../timeline/events.ts';
import { markLines } from '../mark.ts';
import type { Ladder, LadderSpan, Mark, MarkKind } from '../model.ts';
import { columnsOf, type Geometry, type HostColumns, LINE_HEIGHT, WIDTH } from './geometry.ts';
import type { TimeScale } from './scale.ts';
import { CHARACTER_WIDTH, familyOf } from './style.ts';
import { drawn, element, type PartKind, text } from './xml.ts';

/** The least height of a span, in pixels, so that short spans are visible. */
const LEAST_HEIGHT = 2;
/** The width of a letter in a band, in pixels. A band shows the name of its state if there is room. */
const LETTER = 5.6;
/** The least width of a band with a name, in pixels. */
const BAND_FOR_WORDS = 9;

const KINDS: Readonly<Record<MarkKind, PartKind>> = {
	segment: 'segment',
	call: 'call',
	'failed-call': 'call',
	state: 'state',
	sockets: 'sockets',
	error: 'error',
	reset: 'reset',
	process: 'process',
	output: 'output',
};

/** Returns the lines of a host's marks in a row. */
export function linesOf(
	marks: readonly Mark[],
	side: HostColumns,
): { readonly mark: Mark; readonly lines: readonly string[] }[] {
	const columns = Math.floor(side.wordsWidth / CHARACTER_WIDTH);
	return marks.map((mark) => ({ mark, lines: markLines(mark, columns) }));
}

export function drawMarks(marks: readonly Mark[], side: HostColumns, top: number): string {
	let line = 0;
	const groups = linesOf(marks, side).map(({ mark, lines }) => {
		const words = lines.map((words) =>
			text(side.words, top + ++line * LINE_HEIGHT - 3, words, { 'text-anchor': side.anchor }),
		);
		const group = drawn(KINDS[mark.kind], mark.title, ...words);
		if (mark.kind === 'segment') return group.replace('class="segment"', 'class="segment loopback"');
		return mark.kind === 'failed-call' ? group.replace('class="call"', 'class="call failed"') : group;
	});
	return groups.join('');
}

/** Draws the spans along the lifelines: states as bands, and timers and blocked calls beside them. */
export function drawSpans({ spans }: Ladder, geometry: Geometry, scale: TimeScale): string {
	const bands = spans.bands.map((band) => {
		const side = columnsOf(geometry, band.host);
		const [x, y, height] = [side.band(band.lane), ...extent(band, scale)];
		const box = element('rect', {
			x,
			y,
			width: side.bandWidth,
			height,
			class: `band ${band.known ? familyOf(band.state) : 'unknown'}`,
		});
		return drawn(
			'state',
			band.title,
			box,
			...(band.known ? nameIn(band.state, x + side.bandWidth / 2, y, height, side.bandWidth) : []),
		);
	});
	const timers = spans.timers.map((timer) => {
		const side = columnsOf(geometry, timer.host);
		const [y, height] = extent(timer, scale);
		return drawn(
			'timer',
			timer.title,
			element('rect', { x: side.timer(timer.lane), y, width: side.timerWidth, height }),
		);
	});
	const blocks = spans.blocks.map((block) => {
		const side = columnsOf(geometry, block.host);
		const [y, height] = extent(block, scale);
		const look = block.failed ? 'block failed' : 'block';
		return drawn(
			'call',
			block.title,
			element('rect', { x: side.block(block.lane), y, width: side.blockWidth, height, class: look }),
		);
	});
	return [...bands, ...timers, ...blocks].join('');
}

/** Draws faults as shaded areas behind everything else: at the affected host, or between the hosts. */
export function drawOutages({ spans }: Ladder, geometry: Geometry, scale: TimeScale): string {
	const { client, server } = geometry;
	const across: Readonly<Record<MachineName, readonly [number, number]>> = {
		client: [geometry.timeRight + 4, client.lifeline],
		server: [server.lifeline, WIDTH],
		router: [client.lifeline, server.lifeline],
		wire: [client.lifeline, server.lifeline],
	};
	return spans.outages
		.map((outage) => {
			const { host, what } = outage;
			const [left, right] = across[host];
			const [y, height] = extent(outage, scale);
			const shade = element('rect', { x: left, y, width: right - left, height });
			if (host === 'wire' || what !== 'power') return drawn('fault', outage.title, shade);
			const x = columnsOf(geometry, host).lifeline;
			const gone = element('line', { class: 'gone', x1: x, y1: y, x2: x, y2: y + height });
			return drawn('fault', outage.title, shade, gone);
		})
		.join('');
}

function extent({ t, until }: Pick<LadderSpan, 't' | 'until'>, scale: TimeScale): [number, number] {
	const y = scale.yAt(t);
	return [y, Math.max(LEAST_HEIGHT, scale.yAt(until) - y)];
}

function nameIn(state: string, x: number, y: number, height: number, width: number): string[] {
	if (width < BAND_FOR_WORDS || height < state.length * LETTER) return [];
	const middle = y + height / 2;
	return [
		text(x + 3, middle, state, {
			class: 'in-band',
			'text-anchor': 'middle',
			transform: `rotate(-90 ${(x + 3).toFixed(1)} ${middle.toFixed(1)})`,
		}),
	];
}
