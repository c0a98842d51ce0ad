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
 * A timeline drawn as text: two hosts as columns, time downwards, segments as arrows between them, lost ones broken
 * off.
 */
export function renderLadder(timeline: TimelineFile, options: TextOptions = {}): string {
	return drawText(layOut(timeline), options);
}
