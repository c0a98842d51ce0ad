import type { NodeName } from '../../timeline/events.ts';
import { type Paint, painter, type Tone } from '../colours.ts';
import { duration, printable, wrap } from '../text-format.ts';
import { drawArrow, drawRoutedArrow } from './arrow.ts';
import { closing, opening } from './frame.ts';
import { markLines } from './mark.ts';
import type { EventRow, FaultRow, Ladder, LadderRow, Mark } from './model.ts';

export interface TextOptions {
	/** In columns, at least 60. Default: 120. */
	readonly width?: number;
	/** Whether to use ANSI colours. Default: false. */
	readonly colour?: boolean;
}

const LEAST_WIDTH = 60;
const DEFAULT_WIDTH = 120;
const WIDEST_WIRE = 50;
/** With a router in the middle. */
const WIDEST_ROUTE = 74;

/**
 * The widths of the picture's columns. There is a lifeline on each side of the wire and, if there is a router, one in its
 * middle.
 */
interface Columns {
	readonly all: number;
	readonly time: number;
	readonly side: number;
	readonly wire: number;
	readonly isRouted: boolean;
}

/** Draws a ladder as text. No line is longer than the width. */
export function drawText(ladder: Ladder, { width = DEFAULT_WIDTH, colour = false }: TextOptions = {}): string {
	const columns = columnsOf(ladder, Math.max(LEAST_WIDTH, Math.floor(width)));
	const pen = new Pen(columns, painter(colour));
	const lines = [
		...opening(ladder, columns.all, painter(colour)),
		...pen.headings(ladder),
		...ladder.rows.flatMap((row, index) =>
			row.kind === 'step' && index > 0 ? [...pen.line('', [], [], []), ...pen.row(row)] : pen.row(row),
		),
		...closing(ladder, columns.all, painter(colour)),
	];
	return `${lines.join('\n')}\n`;
}

/** Draws the last `most` rows of a ladder, without the lines above and below the picture. */
export function drawEnd(
	ladder: Ladder,
	most: number,
	{ width = DEFAULT_WIDTH, colour = false }: TextOptions = {},
): string {
	const columns = columnsOf(ladder, Math.max(LEAST_WIDTH, Math.floor(width)));
	const pen = new Pen(columns, painter(colour));
	const rows = ladder.rows.slice(-most);
	const before = ladder.rows.length - rows.length;
	return [
		...pen.headings(ladder),
		...(before > 0 ? pen.line('', [], [` ${before} rows before`], [], { lifeline: '┊', wire: 'wait' }) : []),
		...rows.flatMap((row) => pen.row(row)),
	].join('\n');
}

function columnsOf({ rows, lifelines }: Ladder, all: number): Columns {
	const isRouted = lifelines.includes('router');
	const time = Math.max(8, ...rows.map(({ t }) => clock(t).length));
	const between = all - time - 5;
	const widest = isRouted ? Math.min(WIDEST_ROUTE, Math.round(all / 2)) : Math.min(WIDEST_WIRE, Math.round(all / 3));
	const side = Math.floor((between - widest) / 2);
	const wire = between - 2 * side;
	// The router's lifeline is in the middle.
	return isRouted && wire % 2 === 0
		? { all: all - 1, time, side, wire: wire - 1, isRouted }
		: { all, time, side, wire, isRouted };
}

function heading(host: NodeName, { addresses }: Ladder, { side }: Pick<Columns, 'side'>): string {
	const full = `${host} ${addresses[host]}`;
	return full.length <= side ? full : host;
}

function clock(t: number): string {
	return t.toFixed(3);
}

class Pen {
	readonly #columns: Columns;
	readonly #paint: Paint;

	constructor(columns: Columns, paint: Paint) {
		this.#columns = columns;
		this.#paint = paint;
	}

	/** Returns the line with the names of the nodes. */
	headings(ladder: Ladder): string[] {
		const { wire } = this.#columns;
		const name = heading('router', ladder, { side: wire - 4 });
		const router = this.#columns.isRouted ? [name.padStart(Math.floor((wire + name.length) / 2))] : [];
		return this.line('time', [heading('client', ladder, this.#columns)], router, [
			heading('server', ladder, this.#columns),
		]);
	}

	row(row: LadderRow): string[] {
		switch (row.kind) {
			case 'events':
				return this.#events(row);
			case 'step':
				return this.#full(row.t, '▸', row.text, 'step');
			case 'fault':
				return this.#fault(row);
			case 'lapse':
				return this.#full(row.t, '?', row.text, 'lost');
			case 'bundle':
				return this.#full(row.t, '…', row.text, 'wait');
			case 'wait':
				return this.#pause(`… ${duration(row.seconds)} …`);
			case 'repeat':
				return this.#pause(
					`… ${row.times} more time${row.times === 1 ? '' : 's'} the same, until ${row.until.toFixed(1)} s …`,
				);
		}
	}

	/** Returns a row with the time and three cells, in as many lines as the tallest cell has. */
	line(
		time: string,
		client: readonly string[],
		wire: readonly string[],
		server: readonly string[],
		tones: Tones = {},
	): string[] {
		const { side, wire: width } = this.#columns;
		const height = Math.max(1, client.length, wire.length, server.length);
		return Array.from({ length: height }, (_, index) => {
			const mine = wire[index] ?? this.#emptyWire(tones.lifeline);
			const right =
				(server[index] ?? '') === '' ? '' : ` ${this.#paint(tones.server?.[index] ?? 'line', server[index] ?? '')}`;
			return [
				this.#paint('time', (index === 0 ? time : '').padStart(this.#columns.time)),
				' ',
				' '.repeat(side - (client[index] ?? '').length),
				this.#paint(tones.client?.[index] ?? 'line', client[index] ?? ''),
				' ',
				this.#paint('line', tones.lifeline ?? (mine.startsWith('─') ? '├' : '│')),
				this.#paint(tones.wire ?? 'arrow', mine.padEnd(width)),
				this.#paint('line', tones.lifeline ?? (mine.endsWith('─') ? '┤' : '│')),
				right,
			]
				.join('')
				.trimEnd();
		});
	}

	#emptyWire(lifeline = '│'): string {
		const { isRouted, wire } = this.#columns;
		return isRouted ? ' '.repeat((wire - 1) / 2) + lifeline : '';
	}

	#events({ t, marks, wire }: EventRow): string[] {
		const { isRouted, side, wire: width } = this.#columns;
		const left = this.#cell(marks.client, side);
		const right = this.#cell(marks.server, side);
		// No row has both an arrow and marks of the router.
		const router = this.#cell(marks.router, (width - 1) / 2 - 1);
		const arrow =
			wire === undefined
				? router.lines.map((line) => `${this.#emptyWire()} ${line}`)
				: (isRouted ? drawRoutedArrow : drawArrow)(wire, width);
		const tones: Tones = {
			client: left.tones,
			server: right.tones,
			wire: wire === undefined ? (router.tones[0] ?? 'arrow') : wire.fate === 'delivered' ? 'arrow' : 'lost',
		};
		return this.line(clock(t), left.lines, arrow, right.lines, tones);
	}

	#cell(marks: readonly Mark[], width: number): { lines: string[]; tones: Tone[] } {
		const each = marks.map((mark) => ({ kind: mark.kind, lines: markLines(mark, width) }));
		return {
			lines: each.flatMap(({ lines }) => lines),
			tones: each.flatMap(({ kind, lines }) => lines.map(() => kind)),
		};
	}

	#pause(text: string): string[] {
		const { wire } = this.#columns;
		const lines = wrap(text, wire - 2).map((line) => line.padStart(Math.floor((wire + line.length) / 2)));
		return this.line('', [], lines, [], { lifeline: '┊', wire: 'wait' });
	}

	#full(t: number, sign: string, text: string, tone: Tone): string[] {
		const indent = this.#columns.time + 1;
		const lines = wrap(printable(text), this.#columns.all - indent - 2);
		return lines.map((line, index) => {
			const time = this.#paint('time', (index === 0 ? clock(t) : '').padStart(this.#columns.time));
			return `${time} ${this.#paint(tone, `${index === 0 ? sign : ' '} ${line}`)}`;
		});
	}

	#fault({ t, phase, text, proof }: FaultRow): string[] {
		const width = this.#columns.all - this.#columns.time - 1;
		const words = {
			injected: [`╳ ${text}`, proof === undefined ? undefined : `  ${proof}`],
			proven: [`  proven: ${proof ?? text}`],
			healed: [`○ healed: ${text}${proof === undefined ? '' : ` (${proof})`}`],
		}[phase];
		const lines = words.flatMap((word) => (word === undefined ? [] : hanging(word, width - 6)));
		return lines.map((line, index) => {
			const time = this.#paint('time', (index === 0 ? clock(t) : '').padStart(this.#columns.time));
			return `${time} ${this.#paint(phase === 'healed' ? 'healed' : 'fault', `━━ ${line} `.padEnd(width, '━'))}`;
		});
	}
}

interface Tones {
	readonly client?: readonly Tone[];
	readonly server?: readonly Tone[];
	readonly wire?: Tone;
	readonly lifeline?: string;
}

/** Wraps the text of a fault. Later lines are aligned with the first word. */
function hanging(text: string, width: number): string[] {
	return wrap(printable(text.slice(2)), width - 2).map(
		(line, index) => `${index === 0 ? text.slice(0, 2) : '  '}${line}`,
	);
}
