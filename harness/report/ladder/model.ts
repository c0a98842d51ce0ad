import type { EventOf, MachineName, NodeName } from '../../timeline/events.ts';
import type { Loss, Skip, Verdict } from '../../timeline/timeline-file.ts';

/** The model of a ladder, for all renderers. `layOut` makes it from a timeline. */
export interface Ladder {
	readonly title: string;
	readonly spec: string;
	readonly outcome: 'passed' | 'failed';
	/** The message of the error if the scenario failed. */
	readonly failure: string | undefined;
	readonly question: string | undefined;
	readonly answer: string | undefined;
	readonly engine: string;
	readonly kernel: string;
	readonly startedAt: string;
	/** The nodes from left to right. */
	readonly lifelines: readonly NodeName[];
	readonly addresses: Readonly<Partial<Record<NodeName, string>>>;
	/** `#1 client:49152 server:8080`; empty if there is only one connection. */
	readonly connections: readonly string[];
	readonly rows: readonly LadderRow[];
	readonly spans: Spans;
	/** True if a state in the ladder was sampled by `ss`, and not traced by the kernel. */
	readonly sampled: boolean;
	readonly verdicts: readonly Verdict[];
	readonly losses: readonly Loss[];
	readonly skipped: readonly Skip[];
}

export type LadderRow = EventRow | StepRow | FaultRow | LossRow | IdleRow | RepeatRow | SummaryRow;

/** One moment: marks at the nodes, and an arrow between them. No row has both an arrow and marks at the router. */
export interface EventRow {
	readonly kind: 'events';
	readonly t: number;
	readonly marks: Readonly<Record<NodeName, readonly Mark[]>>;
	readonly wire: Arrow | undefined;
}

/** A step that the scenario announced. */
export interface StepRow {
	readonly kind: 'step';
	readonly t: number;
	readonly text: string;
}

/** A fault, drawn across the whole picture. */
export interface FaultRow {
	readonly kind: 'fault';
	readonly t: number;
	readonly host: MachineName;
	readonly id: string;
	readonly phase: EventOf<'fault'>['phase'];
	readonly text: string;
	readonly proof: string | undefined;
}

/** An observer failed, or works again. In between, events that it would have reported are unknown. */
export interface LossRow {
	readonly kind: 'lapse';
	readonly t: number;
	readonly text: string;
}

/** A time without events that are drawn. */
export interface IdleRow {
	readonly kind: 'wait';
	readonly t: number;
	readonly seconds: number;
}

/** The `rows` items before it happened again, `times` times. */
export interface RepeatRow {
	readonly kind: 'repeat';
	readonly t: number;
	readonly until: number;
	readonly times: number;
	readonly rows: number;
	/** The number of segments folded into it. */
	readonly segments: number;
}

/** A summary of many items: connections like one that is drawn, or items for which there is no room. */
export interface SummaryRow {
	readonly kind: 'bundle';
	readonly t: number;
	readonly until: number;
	readonly text: string;
	/** The number of segments folded into it. */
	readonly segments: number;
	/** The number of whole connections folded into it; 0 if it summarizes everything from `t` to `until`. */
	readonly connections: number;
}

/** The kind of a mark. It determines the colour. `segment`: a segment that did not leave its host. */
export type MarkKind =
	| 'segment'
	| 'call'
	| 'failed-call'
	| 'state'
	| 'sockets'
	| 'error'
	| 'reset'
	| 'process'
	| 'output';

/**
 * A text beside a host's lifeline, made of `head`, `detail` and `tail`. If there is not enough room, `detail` is cut.
 */
export interface Mark {
	readonly kind: MarkKind;
	readonly t: number;
	readonly head: string;
	readonly detail: string;
	readonly tail: string;
	/** The number of consecutive occurrences. */
	readonly times: number;
	/** Everything that was recorded about it, uncut. */
	readonly title: string;
}

/** A segment or an ICMP message, or several of the same in a row. */
export interface Arrow {
	readonly t: number;
	/** The time at which the last of them was sent. */
	readonly until: number;
	readonly times: number;
	readonly from: NodeName;
	readonly to: NodeName;
	/** How far it came with a router between its ends: lost before, lost there, or forwarded. */
	readonly router: 'unseen' | 'entered' | 'forwarded' | undefined;
	/** Connection and flags, `#2 P.`, or `ICMP host-unreachable`. */
	readonly name: string;
	/** The numbers that matter to the reader, the most important last: `seq 1`, `len 22`. */
	readonly numbers: readonly string[];
	/** Other remarks: who forged it, what it quotes, options. */
	readonly remarks: readonly string[];
	readonly fate: EventOf<'segment'>['fate'];
	/** The description of the fault that dropped it. For an unknown fate, the observer that failed. */
	readonly by: string | undefined;
	readonly retransmission: boolean;
	readonly arrived: number | undefined;
	/** The host at which a fault dropped it; undefined if it was lost in between, or not lost. */
	readonly lostAt: NodeName | undefined;
	/** Everything that was recorded about it. */
	readonly title: string;
}

/**
 * A span of time from `t` to `until` in seconds, drawn beside the rows. Spans of the same kind, host and lane do not
 * overlap.
 */
export interface LadderSpan<At extends MachineName = NodeName> {
	readonly host: At;
	readonly lane: number;
	readonly t: number;
	readonly until: number;
	/** The description, uncut. */
	readonly title: string;
}

/** A socket in one state. */
export interface StateSpan extends LadderSpan {
	readonly state: string;
	/** False after the last observation of the socket: its state may have changed since. */
	readonly known: boolean;
}

/** A timer of a socket, as `ss` showed it. */
export interface TimerSpan extends LadderSpan {
	readonly name: string;
}

/** A call that blocked. */
export interface BlockedCall extends LadderSpan {
	readonly failed: boolean;
}

/** The time from the injection of a fault until it was healed. */
export interface Outage extends LadderSpan<MachineName> {
	readonly what: EventOf<'fault'>['what'];
}

export interface Spans {
	readonly bands: readonly StateSpan[];
	readonly timers: readonly TimerSpan[];
	readonly blocks: readonly BlockedCall[];
	readonly outages: readonly Outage[];
	/** The time of the last event. */
	readonly end: number;
}
