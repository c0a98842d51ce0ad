import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { anyTimeline } from '../ladder/fixtures/arbitrary.ts';
import { powerOffTimeline, rebootTimeline } from '../ladder/fixtures/timelines.ts';
import { anyChanges, anyInput } from '../matrix/fixtures/arbitrary.ts';
import { sample } from '../matrix/fixtures/sample.ts';
import { matrixOf } from '../matrix/model.ts';
import { drawing } from './fixtures/drawing.ts';
import { longTimeline, pageScenario, wholeSuite } from './fixtures/scenarios.ts';
import { matrixView } from './matrix-view.ts';
import { pageScenario as made, type PageScenario, readParts, renderPage } from './render-page.ts';

const parts = await readParts();
const page = (...scenarios: PageScenario[]) => renderPage(scenarios, matrixView(sample()), parts);

/** Returns the attributes and the content of a page's scripts, delimited like in a browser. */
const scriptsOf = (html: string) =>
	[...html.matchAll(/<script([^>]*)>([\s\S]*?)<\/script[\s/>]/gi)].map(([, tag = '', text = '']) => ({ tag, text }));

function embedded(html: string): Map<string, unknown> {
	return new Map(
		scriptsOf(html).flatMap(({ tag, text }) => {
			const id = /id="([^"]*)"/.exec(tag)?.[1];
			return id === undefined ? [] : [[id, JSON.parse(text)]];
		}),
	);
}

/** Returns the page without its embedded data. */
const skeletonOf = (html: string) => html.replace(/(<script[^>]*id=[^>]*>)[\s\S]*?(<\/script)/gi, '$1$2');

const nasty = fc.constantFrom(
	'</script>',
	'</SCRIPT ',
	'<!--',
	'-->',
	'<script>',
	'</style>',
	'</title>',
	']]>',
	'"',
	"'",
	'&lt;',
	'\\',
	'\u2028',
	'\0',
);
const text = fc
	.array(fc.oneof(nasty, fc.string({ unit: 'binary' })), { maxLength: 6 })
	.map((pieces) => pieces.join(''));

describe('the page', () => {
	test(
		'contains any titles, questions, answers, notes, losses, folders, drawings and settings unchanged, and nothing ' +
			'breaks out of its element',
		() => {
			const inert = skeletonOf(page(pageScenario('a/b', rebootTimeline())));
			fc.assert(
				fc.property(
					fc.record({
						title: text,
						question: text,
						answer: text,
						note: text,
						loss: text,
						failure: text,
						folder: text,
						svg: text,
						value: text,
					}),
					(given) => {
						const timeline = {
							...rebootTimeline(),
							scenario: given.title,
							question: given.question,
							answer: given.answer,
							failure: { message: `first: ${given.failure}` },
							kernel: { release: given.value, sysctls: { [`a${given.value}`]: given.value } },
							verdicts: [{ id: given.note, verdict: 'holds' as const, note: given.note }],
							losses: [{ observer: given.loss, what: given.loss }],
						};
						const html = page(pageScenario(given.folder, timeline, given.svg));
						expect(skeletonOf(html)).toBe(inert);
						expect(embedded(html).get('entries')).toMatchObject([
							{
								folder: given.folder,
								title: given.title,
								question: given.question,
								verdicts: timeline.verdicts,
								kernel: given.value,
							},
						]);
						expect(embedded(html).get('content-0')).toMatchObject({
							answer: given.answer,
							losses: timeline.losses,
							ladder: given.svg,
						});
						expect(embedded(html).get('sysctls-0')).toEqual(timeline.kernel.sysctls);
					},
				),
			);
		},
	);

	test(
		'has the message of a failure without the colours of a terminal: the first line in the list, all of it in the ' +
			'details',
		() => {
			const message =
				'\n\u001b[31mread did not fail\u001b[39m: it is still blocked\n\nWhat happened until then:\n  <b>|</b>';
			const data = embedded(
				page(
					pageScenario('a/b', { ...rebootTimeline(), outcome: 'failed', failure: { message, code: 'LIMIT_PASSED' } }),
				),
			);
			expect(data.get('entries')).toMatchObject([
				{ outcome: 'failed', failure: 'read did not fail: it is still blocked' },
			]);
			expect(data.get('content-0')).toMatchObject({
				failure: '\nread did not fail: it is still blocked\n\nWhat happened until then:\n  <b>|</b>',
			});
			expect(embedded(page(pageScenario('a/b', rebootTimeline()))).get('entries')).not.toMatchObject([
				{ failure: expect.anything() },
			]);
		},
	);

	test('contains any matrix unchanged, and nothing breaks out of its element', () => {
		const inert = skeletonOf(page());
		fc.assert(
			fc.property(anyInput, anyChanges, (input, changes) => {
				const view = matrixView(matrixOf(input, changes));
				const html = renderPage([], view, parts);
				expect(skeletonOf(html)).toBe(inert);
				expect(embedded(html).get('matrix-view')).toEqual(view);
			}),
		);
	});

	test('accepts any valid timeline', () => {
		fc.assert(
			fc.property(anyTimeline, (timeline) => {
				expect(embedded(page(pageScenario('a/b', timeline))).has('content-0')).toBe(true);
			}),
		);
	});

	test('requests nothing from a network', () => {
		const html = page(pageScenario('a/b', rebootTimeline()), pageScenario('a/c', powerOffTimeline()));
		expect(html).not.toMatch(/(?:src|href)\s*=\s*\\?["']?\s*(?:https?:)?\/\//i);
		expect(html).not.toMatch(/url\(\s*\\?["']?\s*(?:https?:)?\/\//i);
		expect(html).not.toMatch(/@import|<link|<iframe|<img/i);
		expect(html.replaceAll('http://www.w3.org/2000/svg', '')).not.toMatch(/https?:\/\//);
	});

	test('has a script and a style sheet that do not contain their own end tags', () => {
		expect(parts.script).not.toMatch(/<\/?script|<!--/i);
		expect(parts.style).not.toMatch(/<\/style/i);
	});

	test('contains each set of sysctls once', () => {
		const other = { ...powerOffTimeline(), kernel: { release: '6.18.44', sysctls: { tcp_retries2: '15' } } };
		const data = embedded(
			page(pageScenario('a/1', rebootTimeline()), pageScenario('a/2', powerOffTimeline()), pageScenario('a/3', other)),
		);
		expect([...data.keys()].filter((id) => id.startsWith('sysctls'))).toEqual(['sysctls-0', 'sysctls-1']);
		expect([0, 1, 2].map((index) => data.get(`content-${index}`))).toMatchObject([
			{ sysctls: 0 },
			{ sysctls: 0 },
			{ sysctls: 1 },
		]);
	});

	test(
		'is sorted by theme, with the tests of the harness last, and does not depend on the order in which scenarios ' +
			'are found',
		() => {
			const of = (spec: string) => pageScenario(spec, { ...rebootTimeline(), spec });
			const found = [
				'harness/faults/link.lab.test.ts',
				'specs/states/b.spec.ts',
				'specs/closing/z.spec.ts',
				'specs/first.spec.ts',
			].map(of);
			const entries = embedded(page(...found)).get('entries') as { theme: string; spec: string }[];
			expect(entries.map(({ theme, spec }) => [theme, spec])).toEqual([
				['closing', 'closing/z'],
				['specs', 'first'],
				['states', 'states/b'],
				['harness/faults', 'harness/faults/link'],
			]);
			expect(page(...found.toReversed())).toBe(page(...found));
		},
	);

	test('needs no cost and no drawing, and links only files that exist', () => {
		const bare = made(
			{ folder: 'a/b', timeline: rebootTimeline(), cost: undefined, files: ['timeline.json', 'notes.txt'] },
			undefined,
		);
		const data = embedded(page(bare));
		expect(data.get('entries')).not.toMatchObject([{ duration: expect.anything() }]);
		expect(data.get('content-0')).toMatchObject({ files: ['timeline.json'] });
		expect(data.get('content-0')).not.toHaveProperty('ladder');
	});

	test('is smaller than 15 MB for 170 scenarios and one of ten thousand events whose drawing is not folded', () => {
		const long = longTimeline();
		expect(page(...wholeSuite(170), pageScenario('size/long', long, drawing(long))).length).toBeLessThan(15_000_000);
	});
});
