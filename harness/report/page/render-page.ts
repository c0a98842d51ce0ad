import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { stripVTControlCharacters } from 'node:util';
import { compareText } from '../../claims/environment.ts';
import { nodesOf, type TimelineFile } from '../../timeline/timeline-file.ts';
import { ARTIFACTS, specName } from '../artifacts.ts';
import type { ScenarioFiles } from '../collect.ts';
import { totalOf } from '../cost.ts';
import { duration } from '../text-format.ts';
import type { Content, Entry, MatrixView, SysctlValues } from './data.ts';
import { embed } from './embed.ts';
import { samplesOn } from './socket-samples.ts';

/** The page's data about one scenario. */
export interface PageScenario {
	readonly entry: Entry;
	/** Without its sysctls, because most scenarios share them. */
	readonly content: Omit<Content, 'sysctls'>;
	readonly sysctls: SysctlValues;
}

/** The constant parts of the page: its style sheet and its script. */
export interface PageParts {
	readonly style: string;
	readonly script: string;
}

/** Reads the page's style sheet and script. */
export async function readParts(): Promise<PageParts> {
	const read = (name: string) => readFile(new URL(name, import.meta.url), 'utf8');
	const [style, script] = await Promise.all([read('page.css'), read('page.js')]);
	return { style, script };
}

/** Returns the page's data about a scenario, given its files and the text of its ladder.svg. */
export function pageScenario(scenario: Omit<ScenarioFiles, 'text'>, svg: string | undefined): PageScenario {
	const { timeline, files } = scenario;
	return { entry: entryOf(scenario), content: contentOf(timeline, files, svg), sysctls: timeline.kernel.sysctls };
}

/** The files that the page links to, in this order. */
const LINKED = [ARTIFACTS.client, ARTIFACTS.router, ARTIFACTS.server, ARTIFACTS.timeline, ARTIFACTS.ladder];

/**
 * Renders the page of all scenarios as HTML, with the matrix of their claims and durations. It is one file that needs
 * no other files and no network. Its policy lets the browser run only its own script. The details of a scenario are
 * text in the page until the reader opens it.
 */
export function renderPage(
	scenarios: readonly PageScenario[],
	matrix: MatrixView,
	{ style, script }: PageParts,
): string {
	const ordered = [...scenarios].sort(byTheme);
	const sysctls = new Distinct<SysctlValues>();
	const contents = ordered.map((scenario, index) =>
		embed(`content-${index}`, { ...scenario.content, sysctls: sysctls.indexOf(scenario.sysctls) } satisfies Content),
	);
	const policy =
		`default-src 'none'; style-src 'unsafe-inline'; script-src ` +
		`'sha256-${createHash('sha256').update(script).digest('base64')}'`;
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
<header>
<h1><a href="#">halfopen</a></h1>
<nav><a href="#">Scenarios</a> <a href="#/matrix">Claims and durations</a></nav>
</header>
<noscript><p>This page is drawn by its own script, which this browser does not run. The ladders are beside it, as text: ${ARTIFACTS.ladder}.</p></noscript>
<main id="all"></main>
<main id="one" hidden></main>
<main id="matrix" hidden></main>
${embed(
	'entries',
	ordered.map(({ entry }) => entry),
)}
${embed('matrix-view', matrix)}
${sysctls.values.map((set, index) => embed(`sysctls-${index}`, set)).join('\n')}
${contents.join('\n')}
<script>${script}</script>
</body>
</html>
`;
}

/** Compares scenarios alphabetically. Tests of the harness come after the specs. */
function byTheme({ entry: one }: PageScenario, { entry: other }: PageScenario): number {
	const [a, b] = [one, other].map(({ spec, theme, folder }) => [
		spec.startsWith('harness/') ? '1' : '0',
		theme,
		spec,
		folder,
	]) as [string[], string[]];
	for (const [index, text] of a.entries()) {
		const order = compareText(text, b[index] ?? '');
		if (order !== 0) return order;
	}
	return 0;
}

function themeOf(spec: string): string {
	return spec.includes('/') ? spec.slice(0, spec.lastIndexOf('/')) : 'specs';
}

function entryOf({ folder, timeline, cost }: Omit<ScenarioFiles, 'text'>): Entry {
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

/** Returns the failure's message without the colours that Jest's matchers add for a terminal. */
function textOf({ message }: NonNullable<TimelineFile['failure']>): string {
	return stripVTControlCharacters(message);
}

function firstLineOf(text: string): string {
	return text.trimStart().split('\n', 1)[0] ?? '';
}

function contentOf(timeline: TimelineFile, files: readonly string[], svg: string | undefined): PageScenario['content'] {
	const { answer, failure, startedAt, losses, skipped } = timeline;
	return {
		...(answer === undefined ? {} : { answer }),
		...(failure === undefined ? {} : { failure: textOf(failure) }),
		startedAt,
		losses,
		skipped,
		...(svg === undefined ? {} : { ladder: svg }),
		samples: Object.fromEntries(nodesOf(timeline).map((node) => [node, samplesOn(node, timeline)])),
		files: LINKED.filter((name) => files.includes(name)),
	};
}

/** Collects distinct values. */
class Distinct<T extends object> {
	readonly values: T[] = [];
	readonly #indexes = new Map<string, number>();

	/** Returns the value's index in `values`, and adds it if it is new. */
	indexOf(value: T): number {
		const key = JSON.stringify(Object.entries(value).sort());
		const index = this.#indexes.get(key) ?? this.values.push(value) - 1;
		this.#indexes.set(key, index);
		return index;
	}
}
