import type { EventOf, NodeName } from '../../timeline/events.ts';
import type { Loss, Skip, TimelineFile, Verdict } from '../../timeline/timeline-file.ts';

/**
 * The data that the page contains as JSON, for page.js. All strings are plain text, except `ladder`, which is an SVG
 * document.
 */

/** A scenario in the list. The content of the scenario with the index n is in the element `content-n`. */
export interface Entry {
	/**
	 * The folder of its files, relative to the page. Also identifies it in the address:
	 * `puzzlers/power-off/the-peer-never-comes-back`.
	 */
	readonly folder: string;
	/** The folder of its spec, relative to `specs/`: `puzzlers`. */
	readonly theme: string;
	/** The name of its spec: `puzzlers/power-off`. */
	readonly spec: string;
	readonly title: string;
	readonly question?: string;
	readonly outcome: TimelineFile['outcome'];
	/** The first line of the failure's message. */
	readonly failure?: string;
	readonly verdicts: readonly Verdict[];
	/** The wall time that it took, formatted. */
	readonly duration?: string;
	readonly engine: string;
	/** The kernel's release. */
	readonly kernel: string;
}

/** The details of a scenario, shown when it is opened. */
export interface Content {
	readonly answer?: string;
	/** The whole message of the failure. */
	readonly failure?: string;
	/** The wall clock time at its start, in ISO 8601. */
	readonly startedAt: string;
	readonly losses: readonly Loss[];
	readonly skipped: readonly Skip[];
	/** The text of its ladder.svg. */
	readonly ladder?: string;
	/** By node, in the order of the lifelines. */
	readonly samples: Readonly<Partial<Record<NodeName, readonly FoldedSamples[]>>>;
	/** The number of the element `sysctls-n` with its sysctls. Most scenarios share them. */
	readonly sysctls: number;
	/** The names of the files in its folder that are linked. */
	readonly files: readonly string[];
}

/** Consecutive samples of `ss` that differ only in running clocks. The rows are those of the first sample. */
export interface FoldedSamples {
	/** The times of the first and the last sample, in seconds. */
	readonly t: number;
	readonly until: number;
	/** The number of samples. */
	readonly times: number;
	readonly rows: EventOf<'sockets'>['rows'];
}

/** Names and values. */
export type SysctlValues = Readonly<Record<string, string>>;

/** Claims and durations by engine and kernel, as text for the reader. Cells have the order of the columns. */
export interface MatrixView {
	readonly title: string;
	/** The result in one sentence. */
	readonly headline: string;
	readonly legend: string;
	/** Shown before rows that differ between columns. */
	readonly mark: string;
	/** What went wrong or is missing, as sentences. */
	readonly troubles: readonly string[];
	readonly columns: readonly ColumnView[];
	readonly durationsLegend: string;
	readonly durations: readonly DurationView[];
	readonly groups: readonly { readonly title: string; readonly claims: readonly ClaimView[] }[];
	/** The changes of the kernel that explain differences, or are supposed to. */
	readonly changes: readonly { readonly name: string; readonly text: string }[];
}

/** One engine on one kernel. */
export interface ColumnView {
	readonly engine: string;
	readonly kernel: string;
	/** A short name, for narrow tables. */
	readonly brief: string;
	/** Says that the column is not complete, or is empty. */
	readonly state: string;
	/** The numbers of scenarios that passed and failed, and of claims that hold, differ and are not covered. */
	readonly counts: readonly string[];
}

interface ComparedView {
	readonly differs: boolean;
	readonly unexplained: boolean;
	/** The reason for the difference. Empty if there is none. */
	readonly reason: string;
}

export interface DurationView extends ComparedView {
	readonly what: string;
	/** One per column. Empty if it was not measured there. */
	readonly seconds: readonly string[];
}

export interface ClaimView extends ComparedView {
	readonly id: string;
	readonly text: string;
	readonly cells: readonly {
		readonly verdict: Verdict['verdict'] | 'divided' | 'not covered';
		readonly label: string;
	}[];
	/** The notes of the verdicts, with the indexes of their columns. */
	readonly notes: readonly (Omit<Verdict, 'id'> & {
		readonly scenario: string;
		readonly columns: readonly number[];
	})[];
}
