import { toError } from '../errors.ts';
import type { Event } from '../timeline/events.ts';
import type { TimelineFile } from '../timeline/timeline-file.ts';
import { drawEnd, layOut } from './ladder/index.ts';

/** Fits in a terminal together with Jest's indentation. */
const WIDTH = 110;
const MOST_ROWS = 25;

/**
 * Adds to a scenario's error the end of the ladder up to the failure, and the path of the whole ladder.
 *
 * @param failedAt in seconds of the timeline; later events cannot be the cause
 * @param picture the path of the whole ladder
 */
export function withLadder(error: unknown, timeline: TimelineFile, failedAt: number, picture: string): Error {
	const failure = toError(error);
	const frames = (failure.stack ?? '').split('\n').filter((line) => line.startsWith('    at '));
	failure.message = [failure.message, '', ...ladderUntil(timeline, failedAt), '', `All of it: ${picture}`].join('\n');
	// Jest prints the stack, which still contains the original message.
	failure.stack = [`${failure.name}: ${failure.message}`, ...frames].join('\n');
	return failure;
}

function ladderUntil(timeline: TimelineFile, failedAt: number): string[] {
	try {
		const ladder = layOut({ ...timeline, events: eventsUntil(timeline.events, failedAt) });
		return ['What happened until then:', drawEnd(ladder, MOST_ROWS, { width: WIDTH })];
	} catch (error) {
		// The error must be shown even if the ladder cannot be drawn.
		return [`What happened until then could not be drawn: ${error}`];
	}
}

/** Returns the events until then. A call that returned later is shown as blocking. */
function eventsUntil(events: readonly Event[], until: number): Event[] {
	return events
		.filter(({ t }) => t <= until)
		.map((event) => {
			if (event.kind !== 'call' || event.t + (event.took ?? 0) <= until) return event;
			const { returned, errno, result, took, ...blocking } = event;
			return blocking;
		});
}
