import { z } from 'zod';
import { timelineSchema } from '../../timeline/timeline-file.ts';

const wait = z.int().min(0);
/** By the lab's clock, in ms. In a guest that clock runs at its own speed, so a reader must not extrapolate it. */
const now = z.number();

/**
 * What a scenario publishes while it runs: one JSON value per line. Each connection belongs to one scenario, so a
 * message does not name it.
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
		/** Identifies this wait among those of the scenario. */
		wait,
		/** Completes the sentence “waiting for …”. */
		what: z.string(),
		/** The longest it may take; absent if there is no limit. */
		limitMs: z.number().min(0).optional(),
		/** Absent if the lab's time is real. */
		now: now.optional(),
	}),
	z.object({ kind: z.literal('waited'), wait }),
	/**
	 * What the lab's clock shows. Sent repeatedly during a wait if that clock is not the wall clock.
	 */
	z.object({ kind: z.literal('clock'), now }),
	/** The timeline so far, for drawing; only if the runner subscribed to it. */
	z.object({ kind: z.literal('snapshot'), timeline: timelineSchema }),
	/** The timeline as it was written at the end. */
	z.object({ kind: z.literal('finished'), timeline: timelineSchema }),
]);
export type LiveMessage = z.infer<typeof messageSchema>;
export type Began = Extract<LiveMessage, { kind: 'began' }>;

/** Returns a message as a line. */
export function lineOf(message: LiveMessage): string {
	return `${JSON.stringify(message)}\n`;
}

/**
 * Splits a stream into lines and parses them. Lines of another form are ignored: they come from another version.
 */
export class MessageReader {
	#rest: string[] = [];

	/** Returns the messages that this piece of text completes. */
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
