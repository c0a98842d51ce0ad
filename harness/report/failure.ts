import { toError } from '../errors.ts';
import type { Event } from '../timeline/events.ts';
import type { TimelineFile } from '../timeline/timeline-file.ts';
import { drawEnd, layOut } from './ladder/index.ts';

/** Fits a terminal together with Jest's own indentation. */
const WIDTH = 110;
const MOST_ROWS = 25;

/**
 * Adds to an error of a scenario what happened until then, as the end of its ladder, and where the whole of it is
 * drawn.
 *
 * @param failedAt in seconds of the timeline: what came later is none of the cause
 * @param picture where the whole ladder is
 */
export function withLadder(error: unknown, timeline: TimelineFile, failedAt: number, picture: string): Error {
	const failure = toError(error);
	const frames = (failure.stack ?? '').split('\n').filter((line) => line.startsWith('    at '));
	failure.message = [failure.message, '', ...ladderUntil(timeline, failedAt), '', `All of it: ${picture}`].join('\n');
	// Jest prints the stack, which has kept the message of its birth.
	failure.stack = [`${failure.name}: ${failure.message}`, ...frames].join('\n');
	return failure;
}

function ladderUntil(timeline: TimelineFile, failedAt: number): string[] {
	try {
		const ladder = layOut({ ...timeline, events: eventsUntil(timeline.events, failedAt) });
		return ['What happened until then:', drawEnd(ladder, MOST_ROWS, { width: WIDTH })];
	} catch (error) {
		// The cause must be shown even if its ladder cannot be drawn.
		return [`What happened until then could not be drawn: ${error}`];
	}
}

/** What had happened by then: a call that returned later was blocking. */
function eventsUntil(events: readonly Event[], until: number): Event[] {
	return events
		.filter(({ t }) => t <= until)
		.map((event) => {
			if (event.kind !== 'call' || event.t + (event.took ?? 0) <= until) return event;
			const { returned, errno, result, took, ...blocking } = event;
			return blocking;
		});
}
