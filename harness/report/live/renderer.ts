import type { WriteStream } from 'node:tty';
import type { TimelineFile } from '../../timeline/timeline-file.ts';
import { fromProjectRoot } from '../artifacts.ts';
import { type Paint, painter } from '../colours.ts';
import { renderLadder } from '../ladder/index.ts';
import { hasColour, widthOf } from '../terminal.ts';

/** As wide as a terminal, within reason; the ladder is no narrower than 60. */
const WIDTHS = { least: 60, most: 160 };

/** Draws ladders for one stream. */
export interface Renderer {
	readonly width: number;
	readonly paint: Paint;
	/** A ladder’s lines. */
	readonly ladder: (timeline: TimelineFile) => string[];
}

export function rendererFor(stream: Pick<WriteStream, 'isTTY' | 'columns'>): Renderer {
	const [width, colour] = [widthOf(stream, WIDTHS), hasColour(stream)];
	return {
		width,
		paint: painter(colour),
		ladder: (timeline) => renderLadder(timeline, { width, colour }).trimEnd().split('\n'),
	};
}

/** Whether a stream is wide enough for a ladder that is redrawn in place: none of its lines may wrap. */
export function hasRoom({ columns = 0 }: { readonly columns?: number }): boolean {
	return columns >= WIDTHS.least;
}

/** Where the files of a scenario are, as the lines below its ladder. */
export function filesIn(folder: string): string[] {
	return ['', '  Timeline, ladder and captures for Wireshark:', `  ${fromProjectRoot(folder)}/`, '', ''];
}
