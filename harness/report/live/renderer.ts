import type { WriteStream } from 'node:tty';
import type { TimelineFile } from '../../timeline/timeline-file.ts';
import { fromProjectRoot } from '../artifacts.ts';
import { type Paint, painter } from '../colours.ts';
import { renderLadder } from '../ladder/index.ts';
import { hasColour, widthOf } from '../terminal.ts';

/** The bounds of a ladder's width. No ladder is narrower than 60 columns. */
const WIDTHS = { least: 60, most: 160 };

/** Draws ladders for one stream. */
export interface Renderer {
	readonly width: number;
	readonly paint: Paint;
	/** Returns the lines of a ladder. */
	readonly ladder: (timeline: TimelineFile) => string[];
}

/** Returns the renderer for a stream, with its width and colours. */
export function rendererFor(stream: Pick<WriteStream, 'isTTY' | 'columns'>): Renderer {
	const [width, colour] = [widthOf(stream, WIDTHS), hasColour(stream)];
	return {
		width,
		paint: painter(colour),
		ladder: (timeline) => renderLadder(timeline, { width, colour }).trimEnd().split('\n'),
	};
}

/** Returns whether a stream is wide enough to redraw a ladder in place: none of its lines may wrap. */
export function hasRoom({ columns = 0 }: { readonly columns?: number }): boolean {
	return columns >= WIDTHS.least;
}

/** Returns the lines below a ladder, which show where the scenario's files are. */
export function filesIn(folder: string): string[] {
	return ['', '  Timeline, ladder and captures for Wireshark:', `  ${fromProjectRoot(folder)}/`, '', ''];
}
