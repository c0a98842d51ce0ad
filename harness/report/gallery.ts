import { ARTIFACTS, specName } from './artifacts.ts';
import { markdown } from './markdown.ts';
import type { PageScenario } from './page/page.ts';

/** Where the gallery's pictures are, beside its page. */
export const PICTURES = 'pictures';

/** A picture of the gallery: its path below the pictures' folder, and what is in it. */
export function pictureOf({ folder }: PageScenario): string {
	return `${folder.split('/').slice(1).join('/')}.svg`;
}

/** The page that shows one theme: question, picture, answer and verdicts of each of its scenarios, as Markdown. */
export function renderGallery(title: string, introduction: string, scenarios: readonly PageScenario[]): string {
	const [first] = scenarios;
	const where = first === undefined ? '' : `Recorded on ${first.timeline.engine}, Linux ${first.timeline.kernel.release}, by \`npm run docs\`.`;
	return [`# ${title}`, introduction, where, ...scenarios.map(entryOf)].join('\n\n').concat('\n');
}

function entryOf(scenario: PageScenario): string {
	const { timeline } = scenario;
	const { question, answer, verdicts } = timeline;
	const name = specName(timeline.spec).split('/').at(-1);
	return [
		`## ${markdown(timeline.scenario)}`,
		...(question === undefined ? [] : [`**${markdown(question)}**`]),
		`![${markdown(timeline.scenario)}: the ladder](${PICTURES}/${pictureOf(scenario)})`,
		...(answer === undefined ? [] : [markdown(answer)]),
		...(verdicts.length === 0 ? [] : [verdicts.map(({ id, verdict, note }) => `- ${id} **${verdict}**: ${markdown(note)}`).join('\n')]),
		`\`npm start -- ${name}\` draws it on your kernel; the spec is [${timeline.spec}](../${timeline.spec}).`,
	].join('\n\n');
}

/** What of a scenario the gallery shows is its picture; without one it has no place there. */
export function hasPicture({ files }: PageScenario): boolean {
	return files.includes(ARTIFACTS.svg);
}
