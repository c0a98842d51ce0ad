import { z } from 'zod';
import { timelineSchema } from '../../timeline/events.ts';

const wait = z.int().min(0);
/** By the lab's clock, in ms. In a guest it runs at a pace of its own, so nothing is counted on from it. */
const now = z.number();

/**
 * What a scenario tells of itself while it runs: one JSON value to a line. A connection is one scenario’s, so no
 * message need say whose it is.
 */
const messageSchema = z.discriminatedUnion('kind', [
	z.object({
		kind: z.literal('began'),
		/** The spec file, relative to the project. */
		spec: z.string(),
		scenario: z.string(),
		question: z.string().optional(),
	}),
	z.object({
		kind: z.literal('waits'),
		/** What tells this wait from the scenario’s others. */
		wait,
		/** As the end of “waiting for …”. */
		what: z.string(),
		/** How long at most; absent where there is no limit. */
		limitMs: z.number().min(0).optional(),
		/** Absent where the lab's time is real. */
		now: now.optional(),
	}),
	z.object({ kind: z.literal('waited'), wait }),
	/**
	 * What the lab's clock shows; told again and again while something is waited for, where it does not go by the wall's.
	 */
	z.object({ kind: z.literal('clock'), now }),
	/** The timeline so far, for drawing; only where the runner wants it. */
	z.object({ kind: z.literal('snapshot'), timeline: timelineSchema }),
	/** The timeline as it was written at the end. */
	z.object({ kind: z.literal('finished'), timeline: timelineSchema }),
]);
export type LiveMessage = z.infer<typeof messageSchema>;
export type Began = Extract<LiveMessage, { kind: 'began' }>;

/** A message as a line. */
export function lineOf(message: LiveMessage): string {
	return `${JSON.stringify(message)}\n`;
}

/**
 * Joins what a stream gives to lines, and reads them. Foreign lines are passed over: whoever tells something else is
 * not of this version.
 */
export class MessageReader {
	#rest: string[] = [];

	/** The messages that this piece of text completes. */
	read(text: string): LiveMessage[] {
		const [first = '', ...others] = text.split('\n');
		this.#rest.push(first);
		const last = others.pop();
		if (last === undefined) return [];
		const lines = [this.#rest.join(''), ...others];
		this.#rest = [last];
		return lines.flatMap(messagesIn);
	}
}

function messagesIn(line: string): LiveMessage[] {
	try {
		return [messageSchema.parse(JSON.parse(line))];
	} catch {
		return [];
	}
}
