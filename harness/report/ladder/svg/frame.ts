import { wrap } from '../../text-format.ts';
import { failureLines, notesOf } from '../frame.ts';
import type { Ladder } from '../model.ts';
import { columnsOf, type Geometry, LINE_HEIGHT, MARGIN, WIDTH } from './geometry.ts';
import { familyOf } from './style.ts';
import { element, text } from './xml.ts';

/** The number of characters in a line of text with a proportional font of 13 px, in which most letters are narrow. */
const PROSE_COLUMNS = 150;
const HEADING_COLUMNS = 115;
const PROSE_HEIGHT = 18;

/** The text above or below the picture, and the position of its lower edge, in pixels. */
export interface Framed {
	readonly svg: string;
	readonly bottom: number;
}

/** Draws the text above the picture: title, engine and kernel, failure, question, and the names of the hosts. */
export function drawHead(ladder: Ladder, geometry: Geometry): Framed {
	const page = new Page(MARGIN);
	page.lines(wrap(ladder.title, HEADING_COLUMNS), { class: 'heading' }, 22);
	const where = [
		`${ladder.engine}, Linux ${ladder.kernel}`,
		ladder.outcome === 'failed' ? 'FAILED' : '',
		...ladder.connections,
	];
	page.lines(wrap(where.filter(Boolean).join(' · '), PROSE_COLUMNS), { class: 'note' }, LINE_HEIGHT);
	if (ladder.failure !== undefined) {
		page.space(4);
		page.lines(failureLines(ladder, PROSE_COLUMNS), { class: 'failed' }, PROSE_HEIGHT, 20);
	}
	if (ladder.question !== undefined) page.labelled('Q', ladder.question);
	page.space(14);
	const hosts = ladder.lifelines.map((host) =>
		text(columnsOf(geometry, host).lifeline, page.y, `${host} ${ladder.addresses[host]}`, {
			class: 'host',
			'text-anchor': 'middle',
		}),
	);
	return { svg: page.svg + hosts.join(''), bottom: page.y + 8 };
}

/** Draws the text below the picture: the legend, the observed answer, the verdicts, and notes on the evidence. */
export function drawFoot(ladder: Ladder, top: number): Framed {
	const page = new Page(top + PROSE_HEIGHT);
	page.legend(legendOf(ladder));
	if (ladder.answer !== undefined) page.labelled('A', ladder.answer);
	for (const { id, verdict, note } of ladder.verdicts) page.verdict(id, verdict, note);
	for (const note of notesOf(ladder)) page.lines(wrap(note, PROSE_COLUMNS), { class: 'note' }, LINE_HEIGHT);
	return { svg: page.svg, bottom: page.y };
}

interface LegendEntry {
	readonly words: string;
	/** The class with its colour. */
	readonly look: string;
	readonly width: number;
}

/** Returns the legend of the spans beside the lifelines. */
function legendOf({ spans: { bands, timers, blocks } }: Ladder): LegendEntry[] {
	const states = [...new Set(bands.map(({ state }) => state))].map((state) => ({
		words: state,
		look: familyOf(state),
		width: 10,
	}));
	const timer =
		timers.length === 0
			? []
			: [{ words: `timer (${[...new Set(timers.map(({ name }) => name))].join(', ')})`, look: 'running', width: 3 }];
	const block = blocks.length === 0 ? [] : [{ words: 'a call blocks', look: 'block', width: 4 }];
	return [...states, ...timer, ...block];
}

class Page {
	svg = '';
	y: number;

	constructor(y: number) {
		this.y = y;
	}

	space(height: number): void {
		this.y += height;
	}

	lines(lines: readonly string[], attributes: Readonly<Record<string, string>>, height: number, indent = 0): void {
		for (const line of lines) {
			this.y += height;
			this.svg += text(MARGIN + indent, this.y - 4, line, attributes);
		}
	}

	labelled(label: string, words: string): void {
		this.space(4);
		this.svg += text(MARGIN, this.y + PROSE_HEIGHT - 4, label, { class: 'label' });
		this.lines(wrap(words, PROSE_COLUMNS), { class: 'prose' }, PROSE_HEIGHT, 20);
	}

	verdict(id: string, verdict: string, note: string): void {
		this.space(2);
		const y = this.y + PROSE_HEIGHT - 4;
		this.svg += text(MARGIN + 20, y, id, { class: 'host' }) + text(MARGIN + 120, y, verdict, { class: verdict });
		this.lines(wrap(note, PROSE_COLUMNS - 25), { class: 'prose' }, PROSE_HEIGHT, 190);
	}

	legend(entries: readonly LegendEntry[]): void {
		if (entries.length === 0) return;
		let x = MARGIN + 20;
		for (const { words, look, width } of entries) {
			if (x + words.length * 8 + 30 > WIDTH) {
				x = MARGIN + 20;
				this.space(LINE_HEIGHT);
			}
			this.svg +=
				element('rect', { x, y: this.y, width, height: 10, class: look }) +
				text(x + 14, this.y + 9, words, { class: 'note' });
			x += words.length * 7 + 34;
		}
		this.space(PROSE_HEIGHT);
	}
}
