import type { Event, EventOf, HostName } from '../../timeline/events.ts';
import type { Arrow, FaultRow, LossRow, Mark, RepeatRow, StepRow, SummaryRow } from './model.ts';

interface ItemBase {
	readonly t: number;
	readonly until: number;
	/** What counts as the same thing again, among those that are alike. */
	readonly key: string;
	/** The same without sequence numbers and connections. */
	readonly alike: string;
	/** Looser still: what sort of thing it is, whatever data it carried. */
	readonly sort: string;
	/** The connection that it belongs to, as `Connections.keyOf` names it. */
	readonly connection?: string | undefined;
	readonly event?: Event | undefined;
	/** Of a call that is drawn where it began and where it ended. */
	readonly part?: 'begin' | 'end' | undefined;
	/** A call that may put something on the wire. */
	readonly acts?: boolean | undefined;
	/** Segments that it stands for. */
	readonly segments: number;
}

/** What stands at a host. */
export type HostItem = ItemBase & { readonly slot: HostName; readonly mark: Mark };
/** What crosses the wire. */
export type WireItem = ItemBase & { readonly slot: 'wire'; readonly arrow: Arrow };
/** What goes across the whole picture. */
export type FullWidthItem = ItemBase & {
	readonly slot: 'full';
	readonly row: StepRow | FaultRow | LossRow | RepeatRow | SummaryRow;
	/** What it stands for, of a fold. */
	readonly parts?: readonly Item[];
};

/** One thing to draw, before things of one moment are put in one row. */
export type Item = HostItem | WireItem | FullWidthItem;

export type Call = EventOf<'call'>;

/**
 * Two events of different sources that are closer than this, in seconds, have no order by their times: twice the
 * precision of the coarsest clock (that of strace; `clocks` in the head of a timeline).
 */
export const PRECISION = 0.002;

/**
 * How far apart they may be where one is the return of a call: strace tells when it began from before it let it go on,
 * and how long it took from then, so that on a busy machine the sum is earlier than the return was.
 */
export const RETURN_PRECISION = 0.1;

/** How far apart they may be where one was seen by a look at `ss`, which reads for a while after it has begun. */
export const SAMPLE_PRECISION = 0.02;
