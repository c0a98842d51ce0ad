import type { HostName } from '../../timeline/events.ts';
import { type Paint, painter, type Tone } from '../colours.ts';
import { duration, printable, wrap } from '../text-format.ts';
import { drawArrow } from './arrow.ts';
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

/** The widths of the picture's columns. There is a lifeline on each side of the wire. */
interface Columns {
	readonly all: number;
	readonly time: number;
	readonly side: number;
	readonly wire: number;
}

/** Draws a ladder as text. No line is longer than the width. */
export function drawText(ladder: Ladder, { width = DEFAULT_WIDTH, colour = false }: TextOptions = {}): string {
	const columns = columnsOf(ladder, Math.max(LEAST_WIDTH, Math.floor(width)));
	const pen = new Pen(columns, painter(colour));
	const lines = [
		...opening(ladder, columns.all, painter(colour)),
		...pen.line('time', [heading('client', ladder, columns)], [], [heading('server', ladder, columns)]),
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
		...pen.line('time', [heading('client', ladder, columns)], [], [heading('server', ladder, columns)]),
		...(before > 0 ? pen.line('', [], [` ${before} rows before`], [], { lifeline: '┊', wire: 'wait' }) : []),
		...rows.flatMap((row) => pen.row(row)),
	].join('\n');
}

function columnsOf({ rows }: Ladder, all: number): Columns {
	const time = Math.max(8, ...rows.map(({ t }) => clock(t).length));
	const between = all - time - 5;
	const side = Math.floor((between - Math.min(WIDEST_WIRE, Math.round(all / 3))) / 2);
	return { all, time, side, wire: between - 2 * side };
}

function heading(host: HostName, { addresses }: Ladder, { side }: Columns): string {
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
			const mine = wire[index] ?? '';
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

	#events({ t, client, wire, server }: EventRow): string[] {
		const left = this.#cell(client);
		const right = this.#cell(server);
		const arrow = wire === undefined ? [] : drawArrow(wire, this.#columns.wire);
		const tones: Tones = {
			client: left.tones,
			server: right.tones,
			wire: wire === undefined || wire.fate === 'delivered' ? 'arrow' : 'lost',
		};
		return this.line(clock(t), left.lines, arrow, right.lines, tones);
	}

	#cell(marks: readonly Mark[]): { lines: string[]; tones: Tone[] } {
		const each = marks.map((mark) => ({ kind: mark.kind, lines: markLines(mark, this.#columns.side) }));
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
