import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { XMLValidator } from 'fast-xml-parser';
import { type TimelineFile, timelineSchema } from '../../../timeline/timeline-file.ts';
import { duration } from '../../text-format.ts';
import { notesOf as arrowNotes } from '../arrow.ts';
import { anyTimeline } from '../fixtures/arbitrary.ts';
import { TimelineBuilder } from '../fixtures/builder.ts';
import { powerOffTimeline, rebootTimeline } from '../fixtures/timelines.ts';
import { notesOf } from '../frame.ts';
import { drawSvg, type LadderRow, layOut } from '../index.ts';
import { escapeXml } from './xml.ts';

const draw = (timeline: TimelineFile) => drawSvg(layOut(timeline));
const build = (timeline: TimelineBuilder) => draw(timeline.build({ scenario: 'a timeline' }));

const withoutSpaces = (text: string) => text.replace(/\s+/g, '');

/** Returns the texts of a row that are never cut. */
function textsIn(row: LadderRow): string[] {
	switch (row.kind) {
		case 'events':
			return [
				...Object.values(row.marks)
					.flat()
					.flatMap(({ head, tail }) => [head, tail]),
				...(row.wire ? [row.wire.name, arrowNotes(row.wire)] : []),
			];
		case 'fault':
			return [row.text, row.proof ?? ''];
		case 'wait':
			return [duration(row.seconds)];
		case 'repeat':
			return [`${row.times} more time`];
		default:
			return [row.text];
	}
}

/** Returns the content of all drawn parts of one kind. */
function groups(svg: string, kind: string): string[] {
	return [...svg.matchAll(new RegExp(`<g class="[^"]*" data-kind="${kind}"[^>]*>(.*?)</g>`, 'gs'))].map(
		([, content = '']) => content,
	);
}

describe('a ladder as SVG', () => {
	test.each([
		['reboot', rebootTimeline()],
		['power-off', powerOffTimeline()],
	])('shows everything in the ladder, from top to bottom, and describes it in titles: %s', (_, timeline) => {
		const ladder = layOut(timeline);
		const svg = drawSvg(ladder);
		const shown = withoutSpaces([...svg.matchAll(/<text[^>]*>([^<]*)<\/text>/g)].map(([, text]) => text).join(''));
		const texts = [
			ladder.title,
			ladder.question ?? '',
			ladder.answer ?? '',
			...Object.entries(ladder.addresses).flat(),
			...ladder.verdicts.flatMap(({ id, verdict, note }) => [id, verdict, note]),
			...notesOf(ladder),
			...ladder.rows.flatMap(textsIn),
		];
		expect(texts.filter((text) => !shown.includes(withoutSpaces(escapeXml(text))))).toEqual([]);
		const parts = ladder.rows
			.filter((row) => row.kind === 'events')
			.flatMap(({ marks: { client, server }, wire }) => [...client, ...(wire ? [wire] : []), ...server]);
		expect(parts.filter(({ title }) => !svg.includes(`<title>${escapeXml(title)}</title>`))).toEqual([]);
		const heights = [...svg.matchAll(/<text x="[\d.]+" y="([\d.]+)" class="time"/g)].map(([, y]) => Number(y));
		expect(heights.length).toBeGreaterThan(10);
		expect(heights).toEqual(heights.toSorted((a, b) => a - b));
	});

	test('is well-formed, has only valid numbers, and has a title for each segment, for any timeline', () => {
		fc.assert(
			fc.property(anyTimeline, (timeline) => {
				const svg = draw(timelineSchema.parse(timeline));
				expect(XMLValidator.validate(svg)).toBe(true);
				expect(svg).not.toMatch(/NaN|Infinity|undefined/);
				// biome-ignore lint/suspicious/noControlCharactersInRegex: XML forbids these
				expect(svg).not.toMatch(/[\u0000-\u0008\u000b-\u001f]/);
				const rows = layOut(timeline).rows.filter((row) => row.kind === 'events');
				const arrows = rows.filter(({ wire }) => wire !== undefined);
				const loops = rows.flatMap(({ marks }) => Object.values(marks).flat()).filter(({ kind }) => kind === 'segment');
				const segments = [
					...svg.matchAll(/<g class="segment[^"]*" data-kind="segment" role="img"><title>(client|server) /g),
				];
				expect(segments).toHaveLength(arrows.length + loops.length);
			}),
			{ numRuns: 200 },
		);
	});

	test('needs no other files', () => {
		expect(draw(rebootTimeline()).replaceAll('http://www.w3.org/2000/svg', '')).not.toMatch(
			/https?:|url\(|@import|href/,
		);
	});
});

describe('an arrow', () => {
	const linesOf = (segment = '') =>
		[...segment.matchAll(/<line x1="([\d.]+)" y1="([\d.]+)" x2="([\d.]+)" y2="([\d.]+)"/g)].map((match) =>
			match.slice(1).map(Number),
		) as [number, number, number, number][];

	test('falls from its sender to its receiver', () => {
		const [there, back] = groups(
			build(new TimelineBuilder().segment(1, 'client', 'S').segment(2, 'server', 'S.', { ack: 1 })),
			'segment',
		).map((segment) => linesOf(segment)[0]);
		expect(there?.[0]).toBeLessThan(there?.[2] ?? 0);
		expect(there?.[1]).toBeLessThan(there?.[3] ?? 0);
		expect(back?.[0]).toBeGreaterThan(back?.[2] ?? 0);
		expect(back?.[1]).toBeLessThan(back?.[3] ?? 0);
	});

	test('crosses another that is on the wire at the same time', () => {
		const late = { arrived: 1.5 };
		const timeline = new TimelineBuilder()
			.segment(1, 'client', 'F.', { seq: 1 })
			.segment(1.2, 'server', 'F.', { seq: 1 })
			.build({ scenario: 'both close' });
		const events = timeline.events.map((event) => (event.kind === 'segment' ? { ...event, ...late } : event));
		const [one, other] = groups(draw({ ...timeline, events }), 'segment').map((segment) => linesOf(segment)[0]);
		expect(one?.[3]).toBeGreaterThan(other?.[1] ?? 0);
	});

	test('is broken off where it was lost', () => {
		const dropped = (host: 'client' | 'server') =>
			new TimelineBuilder()
				.fault(1, host, 'injected', 'a rule', undefined, 'packets')
				.segment(2, 'client', 'S', { fate: 'dropped', by: 'a rule' });
		const reach = (timeline: TimelineBuilder) => linesOf(groups(build(timeline), 'segment')[0])[0]?.[2] ?? 0;
		const between = reach(new TimelineBuilder().segment(2, 'client', 'S', { fate: 'unobserved' }));
		expect(reach(dropped('client'))).toBeLessThan(between);
		expect(reach(dropped('server'))).toBeGreaterThan(between);
	});

	test('stands for fifteen retransmissions, and lists their times', () => {
		const timeline = new TimelineBuilder();
		for (let turn = 1; turn <= 15; turn++) {
			timeline.segment(2 ** turn / 10, 'client', 'P.', { seq: 1, length: 5, fate: 'unobserved', retransmission: true });
		}
		const segments = groups(build(timeline), 'segment');
		expect(segments).toHaveLength(1);
		expect(segments[0]).toContain('15 times, at 0.200, 0.400, 0.800');
		expect(segments[0]).toContain('15x retransmission');
	});
});

describe('a span', () => {
	const boxes = (svg: string, kind: string) =>
		groups(svg, kind).flatMap((group) =>
			[...group.matchAll(/<rect x="([\d.-]+)" y="([\d.-]+)" width="([\d.]+)" height="([\d.]+)"/g)].map((match) =>
				match.slice(1).map(Number),
			),
		);

	test('is drawn for each state, one below the other', () => {
		const svg = build(
			new TimelineBuilder()
				.state(1, 'client', 'CLOSED', 'SYN-SENT')
				.segment(1, 'client', 'S')
				.state(2, 'client', 'SYN-SENT', 'ESTAB')
				.segment(2, 'client', '.', { seq: 1, ack: 1 })
				.state(5, 'client', 'ESTAB', 'CLOSED')
				.segment(5, 'client', 'R'),
		);
		const [opening, open] = boxes(svg, 'state').filter(([, , , height]) => height !== undefined);
		expect((opening?.[1] ?? 0) + (opening?.[3] ?? 0)).toBeCloseTo(open?.[1] ?? 0, 0);
		expect(
			groups(svg, 'state').some((group) =>
				group.includes('ESTAB, port 49152, peer’s 8080\nfrom 2.000 s to 5.000 s: 3.0 s'),
			),
		).toBe(true);
	});

	test('ends when its host loses power', () => {
		const { spans } = layOut(
			new TimelineBuilder()
				.state(1, 'server', 'SYN-RECV', 'ESTAB')
				.fault(3, 'server', 'injected', 'power off')
				.segment(9, 'client', 'P.', { length: 1, fate: 'unobserved' })
				.build({ scenario: 'power off' }),
		);
		expect(spans.bands.map(({ t, until }) => [t, until])).toEqual([[1, 3]]);
		expect(spans.outages.map(({ t, until }) => [t, until])).toEqual([[3, 9]]);
	});

	test('of a call lasts as long as it blocked, that of a timer as long as ss showed it', () => {
		const { spans } = layOut(
			new TimelineBuilder()
				.call(1, 'client', 'read', '3<TCP:[1]>, "", 9', { fd: 3, errno: 'ETIMEDOUT', returned: -1, took: 6 })
				.sockets(2, 'client', { state: 'ESTAB', sendQueue: 5, timer: { name: 'on', leftMs: 100, count: 0 } })
				.sockets(4, 'client', { state: 'ESTAB', sendQueue: 5, timer: { name: 'on', leftMs: 100, count: 2 } })
				.sockets(5, 'client')
				.build({ scenario: 'a wait' }),
		);
		expect(spans.blocks.map(({ t, until, failed }) => [t, until, failed])).toEqual([[1, 7, true]]);
		expect(
			spans.timers.map(({ name, t, until, title }) => [name, t, until, title.includes('its count up to 2')]),
		).toEqual([['on', 2, 5, true]]);
	});

	test('of a sampled state lasts until the last sample', () => {
		const timeline = new TimelineBuilder()
			.state(1, 'client', 'ESTAB', 'CLOSED')
			.state(2, 'client', 'CLOSED', 'TIME-WAIT', 'sampled')
			.state(2, 'server', 'CLOSED', 'LISTEN')
			.step(60, 'much later')
			.build({ scenario: 'nobody looks', lastLook: { client: 3, server: 4 } });
		const bands = layOut(timeline).spans.bands.map(({ state, t, until, known }) => [state, t, until, known]);
		expect(bands).toEqual([
			['TIME-WAIT', 1, 3, true],
			['TIME-WAIT', 3, 60, false],
			// The kernel would have traced a change.
			['LISTEN', 2, 60, true],
		]);
		expect(draw(timeline)).toContain('class="band unknown"');
	});

	test('of a traced state lasts as long as the trace was read', () => {
		const timeline = new TimelineBuilder()
			.state(2, 'server', 'CLOSED', 'LISTEN')
			.step(60, 'much later')
			.build({ scenario: 'the trace ends', losses: [{ observer: 'kernel', what: 'cat ended', since: 10 }] });
		expect(layOut(timeline).spans.bands.map(({ t, until, known }) => [t, until, known])).toEqual([
			[2, 10, true],
			[10, 60, false],
		]);
	});

	test('shares a lane only with spans that it does not overlap', () => {
		fc.assert(
			fc.property(anyTimeline, (timeline) => {
				const { bands, blocks } = layOut(timelineSchema.parse(timeline)).spans;
				for (const spans of [bands, blocks]) {
					for (const span of spans) {
						const others = spans.filter(
							(other) => other !== span && other.host === span.host && other.lane === span.lane,
						);
						expect(others.filter(({ t, until }) => t < span.until && span.t < until)).toEqual([]);
					}
				}
			}),
			{ numRuns: 200 },
		);
	});
});

test('ten thousand events are laid out and drawn within two seconds, folded or not', () => {
	const folded = powerOffTimeline().events.filter(({ kind }) => kind === 'segment');
	const again = Array.from({ length: 10_000 }, (_, index) => ({
		...(folded[index % folded.length] as (typeof folded)[number]),
		t: index / 10,
	}));
	const different = new TimelineBuilder();
	for (let index = 0; index < 5_000; index++) {
		different.segment(index / 10, index % 3 === 0 ? 'server' : 'client', 'P.', {
			seq: 1 + index * (1 + (index % 7)),
			length: 1 + (index % 1_000),
		});
		different.call(index / 10 + 0.03, index % 2 === 0 ? 'server' : 'client', 'read', `3<TCP:[1]>, "${index}", 99`, {
			fd: 3,
			returned: index,
		});
	}
	for (const timeline of [{ ...powerOffTimeline(), events: again }, different.build({ scenario: 'different' })]) {
		// Processor time, which does not depend on how busy the machine is.
		const before = process.cpuUsage();
		const svg = draw(timeline);
		expect(process.cpuUsage(before).user / 1_000).toBeLessThan(2_000);
		expect(svg.length).toBeGreaterThan(1_000);
	}
});
