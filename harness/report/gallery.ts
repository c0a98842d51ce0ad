import { join } from 'node:path';
import type { TimelineFile } from '../timeline/timeline-file.ts';
import { slugOf, specName } from './artifacts.ts';
import { markdown } from './markdown.ts';

/** The folder of the gallery's pictures, beside its page. */
export const PICTURES = 'pictures';

/** Returns the path of a scenario's picture, relative to the folder of pictures. */
export function pictureOf({ spec, scenario }: Pick<TimelineFile, 'spec' | 'scenario'>): string {
	return join(nameOf(spec), `${slugOf(scenario)}.svg`);
}

const nameOf = (spec: string) => specName(spec).split('/').at(-1) ?? '';

/** Renders a page about one theme as Markdown: question, picture, answer and verdicts of each of its scenarios. */
export function renderGallery(title: string, introduction: string, scenarios: readonly TimelineFile[]): string {
	const [first] = scenarios;
	const where =
		first === undefined ? '' : `Recorded on ${first.engine}, Linux ${first.kernel.release}, by \`npm run docs\`.`;
	return [`# ${title}`, introduction, where, ...scenarios.map(entryOf)].join('\n\n').concat('\n');
}

function entryOf(timeline: TimelineFile): string {
	const { question, answer, verdicts } = timeline;
	return [
		`## ${markdown(timeline.scenario)}`,
		...(question === undefined ? [] : [`**${markdown(question)}**`]),
		`![${markdown(timeline.scenario)}: the ladder](${PICTURES}/${pictureOf(timeline)})`,
		...(answer === undefined ? [] : [markdown(answer)]),
		...(verdicts.length === 0
			? []
			: [verdicts.map(({ id, verdict, note }) => `- ${id} **${verdict}**: ${markdown(note)}`).join('\n')]),
		`\`npm start -- ${nameOf(timeline.spec)}\` draws it on your kernel; the spec is ` +
			`[${timeline.spec}](../${timeline.spec}).`,
	].join('\n\n');
}
