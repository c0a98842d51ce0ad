import { createHash } from 'node:crypto';
import { stripVTControlCharacters } from 'node:util';
import type { TimelineFile } from '../../timeline/events.ts';
import { ARTIFACTS, specName } from '../artifacts.ts';
import { type Cost, totalOf } from '../cost.ts';
import { duration } from '../words.ts';
import type { Content, Entry, Sysctls } from './data.ts';
import { embed } from './embed.ts';
import { looksAt } from './looks.ts';

/** One scenario, as it was recorded. */
export interface PageScenario {
	/** Its folder, relative to the page's, with `/` between names. */
	readonly folder: string;
	readonly timeline: TimelineFile;
	/** Where its wall time went; undefined where that was not written. */
	readonly cost: Cost | undefined;
	/** The text of its ladder.svg; undefined where there is none. */
	readonly svg: string | undefined;
	/** The names of all files in its folder. */
	readonly files: readonly string[];
}

/** What is the same in every page: its style sheet and its script. */
export interface PageParts {
	readonly style: string;
	readonly script: string;
}

/** Offered to the reader, in this order. */
const LINKED = [ARTIFACTS.client, ARTIFACTS.server, ARTIFACTS.timeline, ARTIFACTS.ladder];

/**
 * The page over all scenarios, as HTML: one file that needs no other and no network, and says so to the browser, which then runs no
 * script but this one. What a scenario shows is text in it until it is opened.
 */
export function renderPage(scenarios: readonly PageScenario[], { style, script }: PageParts): string {
	const ordered = [...scenarios].sort(byTheme);
	const sysctls = new Distinct<Sysctls>();
	const contents = ordered.map((scenario, place) => embed(`content-${place}`, contentOf(scenario, sysctls)));
	const policy = `default-src 'none'; style-src 'unsafe-inline'; script-src 'sha256-${createHash('sha256').update(script).digest('base64')}'`;
	return `<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${policy}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>halfopen: all scenarios</title>
<style>${style}</style>
</head>
<body>
<header><h1><a href="#">halfopen</a></h1></header>
<noscript><p>This page is drawn by its own script, which this browser does not run. The ladders are beside it, as text: ${ARTIFACTS.ladder}.</p></noscript>
<main id="all"></main>
<main id="one" hidden></main>
${embed('entries', ordered.map(entryOf))}
${sysctls.values.map((set, place) => embed(`sysctls-${place}`, set)).join('\n')}
${contents.join('\n')}
<script>${script}</script>
</body>
</html>
`;
}

/** Alphabetical; what is tested of the harness itself stands behind what is true about TCP. */
function byTheme(one: PageScenario, other: PageScenario): number {
	const [a, b] = [one, other].map(({ timeline, folder }) => {
		const spec = specName(timeline.spec);
		return [spec.startsWith('harness/') ? '1' : '0', themeOf(spec), spec, folder];
	}) as [string[], string[]];
	for (const [place, text] of a.entries()) {
		const against = b[place] ?? '';
		if (text !== against) return text < against ? -1 : 1;
	}
	return 0;
}

function themeOf(spec: string): string {
	return spec.includes('/') ? spec.slice(0, spec.lastIndexOf('/')) : 'specs';
}

function entryOf({ folder, timeline, cost }: PageScenario): Entry {
	const { scenario, question, outcome, failure, verdicts, engine, kernel } = timeline;
	const spec = specName(timeline.spec);
	return {
		folder,
		theme: themeOf(spec),
		spec,
		title: scenario,
		...(question === undefined ? {} : { question }),
		outcome,
		...(failure === undefined ? {} : { failure: firstLineOf(textOf(failure)) }),
		verdicts,
		...(cost === undefined ? {} : { duration: duration(totalOf(cost)) }),
		engine,
		kernel: kernel.release,
	};
}

/** Jest's matchers colour their messages for a terminal. */
function textOf({ message }: NonNullable<TimelineFile['failure']>): string {
	return stripVTControlCharacters(message);
}

function firstLineOf(text: string): string {
	return text.trimStart().split('\n', 1)[0] ?? '';
}

function contentOf({ timeline, svg, files }: PageScenario, sysctls: Distinct<Sysctls>): Content {
	const { answer, failure, startedAt, losses, skipped, kernel } = timeline;
	return {
		...(answer === undefined ? {} : { answer }),
		...(failure === undefined ? {} : { failure: textOf(failure) }),
		startedAt,
		losses,
		skipped,
		...(svg === undefined ? {} : { ladder: svg }),
		looks: { client: looksAt('client', timeline), server: looksAt('server', timeline) },
		sysctls: sysctls.placeOf(kernel.sysctls),
		files: LINKED.filter((name) => files.includes(name)),
	};
}

/** Values, each once however often it comes. */
class Distinct<T extends object> {
	readonly values: T[] = [];
	readonly #places = new Map<string, number>();

	placeOf(value: T): number {
		const key = JSON.stringify(Object.entries(value).sort());
		const place = this.#places.get(key) ?? this.values.push(value) - 1;
		this.#places.set(key, place);
		return place;
	}
}
