import { beforeEach, describe, expect, test } from '@jest/globals';
import type { TimelineFile } from '../../timeline/timeline-file.ts';
import { NO_COST } from '../cost.ts';
import { rebootTimeline } from '../ladder/fixtures/timelines.ts';
import type { RecordedScenario } from '../recorded.ts';
import { Terminal } from './fixtures/terminal.ts';
import { LogView } from './log-view.ts';
import { rendererFor } from './renderer.ts';
import { TerminalView } from './terminal-view.ts';

const SPEC = 'specs/puzzlers/abrupt-reboot.spec.ts';
const COLUMNS = 100;
const whole: TimelineFile = { ...rebootTimeline(), question: 'What does it see?', answer: 'It sees ECONNRESET.' };
/** The same scenario before it was over. */
const { answer: _, ...unanswered } = whole;
const soFar = (events: number): TimelineFile => ({
	...unanswered,
	verdicts: [],
	events: whole.events.slice(0, events),
});
const named = (scenario: string, timeline: TimelineFile = whole): TimelineFile => ({ ...timeline, scenario });
const recorded = (timeline: TimelineFile): RecordedScenario => ({
	folder: 'reports/of/it',
	passed: true,
	timeline,
	cost: NO_COST,
});
const began = (scenario: string) => ({ kind: 'began', spec: SPEC, scenario, question: 'What does it see?' }) as const;
/** The ladder as it stands in a file, less its ends. */
const ladderOf = (timeline: TimelineFile) =>
	rendererFor({ isTTY: false, columns: COLUMNS }).ladder(timeline).join('\n');

let now: number;
beforeEach(() => {
	now = 0;
});

describe('a story in a terminal', () => {
	let terminal: Terminal;
	let stage: TerminalView;
	beforeEach(() => {
		terminal = new Terminal({ columns: COLUMNS, rows: 30 });
		stage = new TerminalView({
			write: (text) => terminal.write(text),
			size: () => terminal,
			renderer: () => rendererFor({ isTTY: false, columns: COLUMNS }),
			now: () => now,
		});
	});
	const text = () => terminal.all.join('\n').trimEnd();

	test('begins with the question', () => {
		stage.received(0, began('the reboot'));
		now = 3_000;
		stage.draw();
		expect(text()).toBe('\nthe reboot\n\n  Q  What does it see?\n\n  ⋯ making two hosts, 3 s so far');
	});

	test('grows, and says what it waits for', () => {
		stage.received(0, began(whole.scenario));
		stage.draw();
		stage.received(0, { kind: 'snapshot', timeline: soFar(10) });
		stage.received(0, { kind: 'waits', wait: 0, what: 'read to fail', limitMs: 27_000, now: 500 });
		now = 5_000;
		// By the lab's clock, which is not the reader's.
		stage.received(0, { kind: 'clock', now: 8_600 });
		stage.draw();
		expect(text()).toContain(ladderOf(soFar(10)));
		expect(text()).not.toContain('ECONNRESET');
		expect(text()).toMatch(/\n {2}⋯ waiting for read to fail, 8 of at most 27 s$/);
	});

	test('counts a wait by the reader’s clock where the lab’s time is real', () => {
		stage.received(0, began(whole.scenario));
		stage.received(0, { kind: 'waits', wait: 0, what: 'read to fail', limitMs: 27_000 });
		now = 4_200;
		stage.draw();
		expect(text()).toMatch(/waiting for read to fail, 4 of at most 27 s$/);
	});

	test('ends with the whole ladder and its answer, whatever was drawn before', () => {
		stage.received(0, began(whole.scenario));
		for (let events = 0; events <= whole.events.length; events += 3) {
			stage.received(0, { kind: 'snapshot', timeline: soFar(events) });
			stage.draw();
		}
		stage.received(0, { kind: 'finished', timeline: whole });
		stage.disconnected(0);
		stage.draw();
		stage.finish([recorded(whole)]);
		expect(text()).toContain(
			`${ladderOf(whole)}\n\n  Timeline, ladder and captures for Wireshark:\n  ` +
				`reports/docker-6.18.44/${whole.spec}/`,
		);
		expect(text().split('It sees ECONNRESET.')).toHaveLength(2);
		expect(text()).not.toContain('⋯');
	});

	test('draws one scenario at a time, and the others after it', () => {
		for (const [number, name] of ['one', 'two', 'three'].entries()) stage.received(number, began(name));
		for (const [number, name] of ['one', 'two', 'three'].entries())
			stage.received(number, { kind: 'snapshot', timeline: named(name, soFar(4)) });
		stage.received(1, { kind: 'finished', timeline: named('two') });
		stage.disconnected(1);
		stage.draw();
		expect(text()).toContain('one');
		expect(text()).not.toContain('two');
		expect(text()).toMatch(/· 1 more beside it$/);
		stage.received(0, { kind: 'finished', timeline: named('one') });
		stage.disconnected(0);
		stage.draw();
		expect(text()).toContain(ladderOf(named('one')));
		expect(text()).toContain(ladderOf(named('two')));
		expect(text()).toContain(`${ladderOf(named('three', soFar(4)))}\n\n  ⋯ `);
		stage.finish([recorded(named('one')), recorded(named('two')), recorded(named('three'))]);
		for (const name of ['one', 'two', 'three']) expect(text().split(`${ladderOf(named(name))}\n`)).toHaveLength(2);
	});

	test('is told from what was recorded where nothing was told meanwhile, or not all of it', () => {
		stage.received(0, began('one'));
		stage.disconnected(0);
		stage.draw();
		stage.finish([recorded(named('one')), recorded(named('two'))]);
		for (const name of ['one', 'two']) expect(text()).toContain(`${ladderOf(named(name))}\n\n  Timeline`);
	});
});

describe('a story that is written down', () => {
	test('begins with the question, tells long waits in plain lines, and does not ask again', () => {
		const written: string[] = [];
		const notes: string[] = [];
		const page = new LogView({
			write: (text) => written.push(text),
			note: (line) => notes.push(line),
			renderer: rendererFor({ isTTY: false, columns: COLUMNS }),
			now: () => now,
		});
		page.received(0, began(whole.scenario));
		expect(written.splice(0)).toEqual([expect.stringContaining('  Q  What does it see?\n')]);
		page.received(0, { kind: 'waits', wait: 0, what: 'read to fail', limitMs: 10_800_000, now: 0 });
		for (now = 0; now < 25_000; now += 1_000) {
			// In a guest, where nobody waits for timers.
			page.received(0, { kind: 'clock', now: now * 60 });
			page.draw();
		}
		expect(notes).toEqual([
			`  puzzlers/abrupt-reboot › ${whole.scenario}: waiting for read to fail, 600 of at most 10800 s`,
			`  puzzlers/abrupt-reboot › ${whole.scenario}: waiting for read to fail, 1200 of at most 10800 s`,
		]);
		page.disconnected(0);
		page.finish([recorded(whole)]);
		const told = written.join('');
		expect(told).toContain('  A  It sees ECONNRESET.');
		expect(told).not.toContain('What does it see?');
		// biome-ignore lint/suspicious/noControlCharactersInRegex: a log has none of them.
		expect([told, ...notes].join('')).not.toMatch(/[\u0000-\u0009\u000b-\u001f]/);
	});
});
