import type { TimelineFile } from '../../timeline/timeline-file.ts';
import { layOut } from './layout.ts';
import { drawText, type TextOptions } from './text.ts';

export { layOut } from './layout.ts';
export type {
	Arrow,
	BlockedCall,
	EventRow,
	FaultRow,
	IdleRow,
	Ladder,
	LadderRow,
	Mark,
	MarkKind,
	Outage,
	RepeatRow,
	Spans,
	StateSpan,
	StepRow,
	TimerSpan,
} from './model.ts';
export { drawSvg } from './svg/index.ts';
export { drawEnd, drawText, type TextOptions } from './text.ts';

/**
 * Draws a timeline as text. The two hosts are columns, time runs downwards, segments are arrows between the hosts, and
 * the arrows of lost segments are broken off.
 */
export function renderLadder(timeline: TimelineFile, options: TextOptions = {}): string {
	return drawText(layOut(timeline), options);
}
