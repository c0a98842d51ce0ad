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
/** The same scenario before its end. */
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
/** Returns the whole ladder as text. */
const ladderOf = (timeline: TimelineFile) =>
	rendererFor({ isTTY: false, columns: COLUMNS }).ladder(timeline).join('\n');

let now: number;
beforeEach(() => {
	now = 0;
});

describe('a terminal view', () => {
	let terminal: Terminal;
	let view: TerminalView;
	beforeEach(() => {
		terminal = new Terminal({ columns: COLUMNS, rows: 30 });
		view = new TerminalView({
			write: (text) => terminal.write(text),
			size: () => terminal,
			renderer: () => rendererFor({ isTTY: false, columns: COLUMNS }),
			now: () => now,
		});
	});
	const text = () => terminal.all.join('\n').trimEnd();

	test('begins with the question', () => {
		view.received(0, began('the reboot'));
		now = 3_000;
		view.draw();
		expect(text()).toBe('\nthe reboot\n\n  Q  What does it see?\n\n  ⋯ making two hosts, 3 s so far');
	});

	test('grows, and shows the current wait', () => {
		view.received(0, began(whole.scenario));
		view.draw();
		view.received(0, { kind: 'snapshot', timeline: soFar(10) });
		view.received(0, { kind: 'waits', wait: 0, what: 'read to fail', limitMs: 27_000, now: 500 });
		now = 5_000;
		// The lab's clock, which differs from the reader's.
		view.received(0, { kind: 'clock', now: 8_600 });
		view.draw();
		expect(text()).toContain(ladderOf(soFar(10)));
		expect(text()).not.toContain('ECONNRESET');
		expect(text()).toMatch(/\n {2}⋯ waiting for read to fail, 8 of at most 27 s$/);
	});

	test('measures waits by the reader’s clock if the lab’s time is real', () => {
		view.received(0, began(whole.scenario));
		view.received(0, { kind: 'waits', wait: 0, what: 'read to fail', limitMs: 27_000 });
		now = 4_200;
		view.draw();
		expect(text()).toMatch(/waiting for read to fail, 4 of at most 27 s$/);
	});

	test('ends with the whole ladder and the answer, whatever was drawn before', () => {
		view.received(0, began(whole.scenario));
		for (let events = 0; events <= whole.events.length; events += 3) {
			view.received(0, { kind: 'snapshot', timeline: soFar(events) });
			view.draw();
		}
		view.received(0, { kind: 'finished', timeline: whole });
		view.disconnected(0);
		view.draw();
		view.finish([recorded(whole)]);
		expect(text()).toContain(
			`${ladderOf(whole)}\n\n  Timeline, ladder and captures for Wireshark:\n  ` +
				`reports/docker-6.18.44/${whole.spec}/`,
		);
		expect(text().split('It sees ECONNRESET.')).toHaveLength(2);
		expect(text()).not.toContain('⋯');
	});

	test('draws one scenario at a time, and the others afterwards', () => {
		for (const [number, name] of ['one', 'two', 'three'].entries()) view.received(number, began(name));
		for (const [number, name] of ['one', 'two', 'three'].entries())
			view.received(number, { kind: 'snapshot', timeline: named(name, soFar(4)) });
		view.received(1, { kind: 'finished', timeline: named('two') });
		view.disconnected(1);
		view.draw();
		expect(text()).toContain('one');
		expect(text()).not.toContain('two');
		expect(text()).toMatch(/· 1 more beside it$/);
		view.received(0, { kind: 'finished', timeline: named('one') });
		view.disconnected(0);
		view.draw();
		expect(text()).toContain(ladderOf(named('one')));
		expect(text()).toContain(ladderOf(named('two')));
		expect(text()).toContain(`${ladderOf(named('three', soFar(4)))}\n\n  ⋯ `);
		view.finish([recorded(named('one')), recorded(named('two')), recorded(named('three'))]);
		for (const name of ['one', 'two', 'three']) expect(text().split(`${ladderOf(named(name))}\n`)).toHaveLength(2);
	});

	test('draws scenarios from their recordings if messages are missing', () => {
		view.received(0, began('one'));
		view.disconnected(0);
		view.draw();
		view.finish([recorded(named('one')), recorded(named('two'))]);
		for (const name of ['one', 'two']) expect(text()).toContain(`${ladderOf(named(name))}\n\n  Timeline`);
	});
});

describe('a log view', () => {
	test('begins with the question, prints lines for long waits, and does not repeat the question', () => {
		const written: string[] = [];
		const notes: string[] = [];
		const view = new LogView({
			write: (text) => written.push(text),
			note: (line) => notes.push(line),
			renderer: rendererFor({ isTTY: false, columns: COLUMNS }),
			now: () => now,
		});
		view.received(0, began(whole.scenario));
		expect(written.splice(0)).toEqual([expect.stringContaining('  Q  What does it see?\n')]);
		view.received(0, { kind: 'waits', wait: 0, what: 'read to fail', limitMs: 10_800_000, now: 0 });
		for (now = 0; now < 25_000; now += 1_000) {
			// In a guest, virtual time is faster.
			view.received(0, { kind: 'clock', now: now * 60 });
			view.draw();
		}
		expect(notes).toEqual([
			`  puzzlers/abrupt-reboot › ${whole.scenario}: waiting for read to fail, 600 of at most 10800 s`,
			`  puzzlers/abrupt-reboot › ${whole.scenario}: waiting for read to fail, 1200 of at most 10800 s`,
		]);
		view.disconnected(0);
		view.finish([recorded(whole)]);
		const text = written.join('');
		expect(text).toContain('  A  It sees ECONNRESET.');
		expect(text).not.toContain('What does it see?');
		// biome-ignore lint/suspicious/noControlCharactersInRegex: a log must not contain them.
		expect([text, ...notes].join('')).not.toMatch(/[\u0000-\u0009\u000b-\u001f]/);
	});
});
