import type { EventOf, HostName, Loss, Skip, TimelineFile, Verdict } from '../../timeline/events.ts';

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
