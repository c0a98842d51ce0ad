import type { Event, EventOf, NodeName } from '../../timeline/events.ts';
import type { Arrow, FaultRow, LossRow, Mark, RepeatRow, StepRow, SummaryRow } from './model.ts';

interface ItemBase {
	readonly t: number;
	readonly until: number;
	/** Equal for repetitions of the same item, if `alike` is equal, too. */
	readonly key: string;
	/** Equal for items that differ only in sequence numbers and connections. */
	readonly alike: string;
	/** Equal for items of the same sort, whatever data they carry. */
	readonly sort: string;
	/** The key of its connection, from `Connections.keyOf`. */
	readonly connection?: string | undefined;
	readonly event?: Event | undefined;
	/** For a call that is drawn twice: where it began, and where it ended. */
	readonly part?: 'begin' | 'end' | undefined;
	/** It is a call that may send something. */
	readonly acts?: boolean | undefined;
	/** The number of segments in it. */
	readonly segments: number;
}

/** An item at a host. */
export type HostItem = ItemBase & { readonly slot: NodeName; readonly mark: Mark };
/** An item that crosses the wire. */
export type WireItem = ItemBase & { readonly slot: 'wire'; readonly arrow: Arrow };
/** An item across the whole picture. */
export type FullWidthItem = ItemBase & {
	readonly slot: 'full';
	readonly row: StepRow | FaultRow | LossRow | RepeatRow | SummaryRow;
	/** The items that were folded into it. */
	readonly parts?: readonly Item[];
};

/** One thing to draw. Items of one moment are later put into one row. */
export type Item = HostItem | WireItem | FullWidthItem;

export type Call = EventOf<'call'>;
export type Icmp = EventOf<'icmp'>;
export type Segment = EventOf<'segment'>;

/**
 * The order of two events from different sources is unknown if their times are closer than this, in seconds. It is
 * twice the precision of the coarsest clock, which is that of strace (`clocks` in the head of a timeline).
 */
export const PRECISION = 0.002;

/**
 * The same limit if one event is the return of a call. strace records the beginning before it lets the call continue,
 * and the duration from then on. So on a busy machine the sum of both is earlier than the return.
 */
export const RETURN_PRECISION = 0.1;

/** The same limit if one event is a sample of `ss`, which reads sockets for some time after its start. */
export const SAMPLE_PRECISION = 0.02;
