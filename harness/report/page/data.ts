import type { EventOf, HostName } from '../../timeline/events.ts';
import type { Loss, Skip, TimelineFile, Verdict } from '../../timeline/timeline-file.ts';

/**
 * What the page holds as JSON, and page.js reads. All of it is plain text to the page but `ladder`, which is an SVG
 * document.
 */

/**
 * One scenario as the list shows it. The content of the scenario at place n of the list stands in an element of its
 * own, `content-n`.
 */
export interface Entry {
	/**
	 * Where its files are, from the page; also its name in the address: `puzzlers/power-off/the-peer-never-comes-back`.
	 */
	readonly folder: string;
	/** The folder of its spec, below `specs/`: `puzzlers`. */
	readonly theme: string;
	/** Its spec, as it is named in reports: `puzzlers/power-off`. */
	readonly spec: string;
	readonly title: string;
	readonly question?: string;
	readonly outcome: TimelineFile['outcome'];
	/** The first line of why it failed. */
	readonly failure?: string;
	readonly verdicts: readonly Verdict[];
	/** Wall time, in words. */
	readonly duration?: string;
	readonly engine: string;
	/** The kernel's release. */
	readonly kernel: string;
}

/** What is shown of a scenario once it is opened. */
export interface Content {
	readonly answer?: string;
	/** Why it failed, whole. */
	readonly failure?: string;
	/** Wall clock at its start, ISO 8601. */
	readonly startedAt: string;
	readonly losses: readonly Loss[];
	readonly skipped: readonly Skip[];
	/** The text of its ladder.svg. */
	readonly ladder?: string;
	readonly samples: Readonly<Record<HostName, readonly SocketSample[]>>;
	/** Its sysctls stand in the element `sysctls-n`: most scenarios share them. */
	readonly sysctls: number;
	/** The names of the files in its folder that are linked. */
	readonly files: readonly string[];
}

/** Looks at `ss`, one after the other, that showed the same but for running clocks; the rows are those of the first. */
export interface SocketSample {
	/** Of the first and the last of them, in seconds. */
	readonly t: number;
	readonly until: number;
	readonly times: number;
	readonly rows: EventOf<'sockets'>['rows'];
}

/** Names and values. */
export type Sysctls = Readonly<Record<string, string>>;

/**
 * Claims and durations by engine and kernel. All of it is text for the reader; a cell's place is that of its column.
 */
export interface MatrixView {
	readonly title: string;
	/** The result in one sentence. */
	readonly headline: string;
	readonly legend: string;
	/** Stands before what is not the same in all columns. */
	readonly mark: string;
	/** What is missing or went wrong. */
	readonly troubles: readonly string[];
	readonly columns: readonly ColumnView[];
	readonly durationsLegend: string;
	readonly durations: readonly DurationView[];
	readonly groups: readonly { readonly title: string; readonly claims: readonly ClaimView[] }[];
	/** The changes of the kernel that explain something, or are said to. */
	readonly changes: readonly { readonly name: string; readonly text: string }[];
}

/** One engine on one kernel. */
export interface ColumnView {
	readonly engine: string;
	readonly kernel: string;
	/** For narrow tables. */
	readonly brief: string;
	/** That it is not complete; empty where it is. */
	readonly state: string;
	/** How many scenarios passed and failed, and how many claims hold, differ and are not covered. */
	readonly counts: readonly string[];
}

interface ComparedView {
	readonly differs: boolean;
	readonly unexplained: boolean;
	/** Why it differs; empty where it does not. */
	readonly reason: string;
}

export interface DurationView extends ComparedView {
	readonly what: string;
	/** Empty where it was not measured. */
	readonly seconds: readonly string[];
}

export interface ClaimView extends ComparedView {
	readonly id: string;
	readonly text: string;
	readonly cells: readonly {
		readonly verdict: Verdict['verdict'] | 'divided' | 'not covered';
		readonly label: string;
	}[];
	/** What was said for the verdicts, and in which columns. */
	readonly notes: readonly (Omit<Verdict, 'id'> & {
		/** The spec file, relative to the project. */
		readonly spec: string;
		readonly scenario: string;
		readonly columns: readonly number[];
	})[];
}
