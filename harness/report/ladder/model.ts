import type { EventOf, HostName } from '../../timeline/events.ts';
import type { Loss, Skip, Verdict } from '../../timeline/timeline-file.ts';

/**
 * The ladder as a model: what every renderer draws, whatever it draws with. Made by `layOut` from a timeline alone.
 */
export interface Ladder {
	readonly title: string;
	readonly spec: string;
	readonly outcome: 'passed' | 'failed';
	/** The message of the error that it failed with. */
	readonly failure: string | undefined;
	readonly question: string | undefined;
	readonly answer: string | undefined;
	readonly engine: string;
	readonly kernel: string;
	readonly startedAt: string;
	readonly addresses: Readonly<Record<HostName, string>>;
	/** `#1 client:49152 server:8080`; empty where there is one connection and nothing to tell apart. */
	readonly connections: readonly string[];
	readonly rows: readonly LadderRow[];
	readonly spans: Spans;
	/** True where a state of the ladder was seen by looking at sockets, and not told by the kernel when it happened. */
	readonly sampled: boolean;
	readonly verdicts: readonly Verdict[];
	readonly losses: readonly Loss[];
	readonly skipped: readonly Skip[];
}

export type LadderRow = EventRow | StepRow | FaultRow | LossRow | IdleRow | RepeatRow | SummaryRow;

/** One moment: what stands at the client, what crosses the wire, what stands at the server. */
export interface EventRow {
	readonly kind: 'events';
	readonly t: number;
	readonly client: readonly Mark[];
	readonly wire: Arrow | undefined;
	readonly server: readonly Mark[];
}

/** What the scenario said it was doing. */
export interface StepRow {
	readonly kind: 'step';
	readonly t: number;
	readonly text: string;
}

/** A fault, across the whole picture. */
export interface FaultRow {
	readonly kind: 'fault';
	readonly t: number;
	readonly host: HostName;
	readonly id: string;
	readonly phase: EventOf<'fault'>['phase'];
	readonly text: string;
	readonly proof: string | undefined;
}

/** An observer failed, or tells all again: what it would have told between is unknown. */
export interface LossRow {
	readonly kind: 'lapse';
	readonly t: number;
	readonly text: string;
}

/** Time in which nothing happened that is drawn. */
export interface IdleRow {
	readonly kind: 'wait';
	readonly t: number;
	readonly seconds: number;
}

/** The `rows` things before it happened again, `times` times. */
export interface RepeatRow {
	readonly kind: 'repeat';
	readonly t: number;
	readonly until: number;
	readonly times: number;
	readonly rows: number;
	/** Segments folded into it. */
	readonly segments: number;
}

/** Much that happened, in a few words: connections like one that is drawn, or what there is no room for. */
export interface SummaryRow {
	readonly kind: 'bundle';
	readonly t: number;
	readonly until: number;
	readonly text: string;
	/** Segments folded into it. */
	readonly segments: number;
	/** Whole connections folded into it; 0 where it stands for all that happened from `t` to `until`. */
	readonly connections: number;
}

/** What a mark is about; a renderer chooses colours by it. `segment`: one that never left its host. */
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
 * What stands beside a host's lifeline: `head`, `detail` and `tail` make the text; where there is no room, `detail` is
 * what may be cut.
 */
export interface Mark {
	readonly kind: MarkKind;
	readonly t: number;
	readonly head: string;
	readonly detail: string;
	readonly tail: string;
	/** How often it happened in a row, 1 for once. */
	readonly times: number;
	/** All that was recorded of it, uncut. */
	readonly title: string;
}

/** A segment or an ICMP message on its way, or several of the same in a row. */
export interface Arrow {
	readonly t: number;
	/** When the last of them was sent. */
	readonly until: number;
	readonly times: number;
	readonly from: HostName;
	/** Connection and flags, `#2 P.`, or `ICMP host-unreachable`. */
	readonly name: string;
	/** What a reader wants to know besides, the most important last: `seq 1`, `len 22`. */
	readonly numbers: readonly string[];
	/** What else matters of it: who forged it, what it quotes, options. */
	readonly remarks: readonly string[];
	readonly fate: EventOf<'segment'>['fate'];
	/** The fault that dropped it, in words; for an unknown fate the observer that failed. */
	readonly by: string | undefined;
	readonly retransmission: boolean;
	readonly arrived: number | undefined;
	/** The end at which a fault dropped it; undefined where it was lost between them, or not lost. */
	readonly lostAt: HostName | undefined;
	/** All that was recorded of it. */
	readonly title: string;
}

/**
 * What lasted, beside the rows: from `t` to `until`, in seconds. Spans of one kind and host that share a lane do not
 * overlap.
 */
export interface Span {
	readonly host: HostName;
	readonly lane: number;
	readonly t: number;
	readonly until: number;
	/** In words, uncut. */
	readonly title: string;
}

/** A socket in one state. */
export interface StateSpan extends Span {
	readonly state: string;
	/** False where nobody looked again: it may have lasted, or not. */
	readonly known: boolean;
}

/** A timer of a socket that `ss` showed running. */
export interface TimerSpan extends Span {
	readonly name: string;
}

/** A call that blocked. */
export interface BlockedCall extends Span {
	readonly failed: boolean;
}

/** Something broken, until it was mended. */
export interface Outage extends Span {
	readonly what: EventOf<'fault'>['what'];
}

export interface Spans {
	readonly bands: readonly StateSpan[];
	readonly timers: readonly TimerSpan[];
	readonly blocks: readonly BlockedCall[];
	readonly outages: readonly Outage[];
	/** When the last event was. */
	readonly end: number;
}
