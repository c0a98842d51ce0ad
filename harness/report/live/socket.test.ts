/** One side tells, the other listens, over a real Unix socket. */
import { existsSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import type { TimelineFile } from '../../timeline/timeline-file.ts';
import { rebootTimeline } from '../ladder/fixtures/timelines.ts';
import { announceSubscriber, currentLiveSocket, offerLiveSocket, type Wanted } from './live-socket.ts';
import { type LiveMessage, lineOf } from './messages.ts';
import { publishLive } from './publisher.ts';
import type { Changeable } from './snapshots.ts';
import { type LiveSubscriber, type Subscription, subscribeLive } from './subscribe.ts';

const SCENARIO = { spec: 'specs/puzzlers/power-off.spec.ts', scenario: 'the peer never comes back' };
const UNCHANGING: Changeable = { events: [], onChange: () => () => {} };

/** Writes down what it is told, and lets tests wait for it. */
class Notebook implements LiveSubscriber {
	readonly told_: [number, LiveMessage][] = [];
	readonly gone_: number[] = [];
	readonly #looks = new Set<() => void>();

	received(scenario: number, message: LiveMessage): void {
		this.told_.push([scenario, message]);
		for (const look of this.#looks) look();
	}

	disconnected(scenario: number): void {
		this.gone_.push(scenario);
		for (const look of this.#looks) look();
	}

	/** Passes when so many scenarios are gone. */
	until(gone: number): Promise<void> {
		return new Promise((resolve) => {
			const look = () => {
				if (this.gone_.length < gone) return;
				this.#looks.delete(look);
				resolve();
			};
			this.#looks.add(look);
			look();
		});
	}
}

let folder: string;
let inherited: string | undefined;
let notebook: Notebook;
let ears: Subscription | undefined;

beforeEach(async () => {
	inherited = process.env.HALFOPEN_LIVE;
	folder = await mkdtemp(join(tmpdir(), 'halfopen-live-'));
	notebook = new Notebook();
	offerLiveSocket(folder);
});

afterEach(async () => {
	ears?.close();
	ears = undefined;
	if (inherited === undefined) delete process.env.HALFOPEN_LIVE;
	else process.env.HALFOPEN_LIVE = inherited;
	await rm(folder, { recursive: true, force: true });
});

/** Passes if nothing is left where this run has its socket. */
function expectNoSocket(): void {
	const place = currentLiveSocket();
	expect(place && existsSync(place.socket)).toBe(false);
}

async function listen(wanted: Wanted): Promise<void> {
	ears = await subscribeLive(wanted, notebook);
	expect(ears).toBeDefined();
}

describe('a scenario', () => {
	test('tells what it waits for, and that it is over', async () => {
		await listen('waits');
		const live = publishLive({ ...SCENARIO, question: 'And then?' });
		live.timeBy(() => 7);
		const first = live.waiting({ what: 'one', limitMs: 15_000 });
		live.waiting({ what: 'two', limitMs: undefined });
		first();
		live.close();
		await notebook.until(1);
		expect(notebook.told_).toEqual([
			[0, { kind: 'began', ...SCENARIO, question: 'And then?' }],
			[0, { kind: 'waits', wait: 0, what: 'one', limitMs: 15_000, now: 7 }],
			[0, { kind: 'waits', wait: 1, what: 'two', now: 7 }],
			[0, { kind: 'waited', wait: 0 }],
		]);
	});

	test('tells its history where it is wanted, at first and at last', async () => {
		await listen('drawings');
		const live = publishLive(SCENARIO);
		const last: TimelineFile = { ...rebootTimeline(), answer: 'ECONNRESET' };
		live.follow(UNCHANGING, rebootTimeline);
		live.finished(last);
		live.close();
		await notebook.until(1);
		expect(notebook.told_.slice(-1)).toEqual([[0, { kind: 'finished', timeline: last }]]);
	});

	test('makes no timeline where none is wanted', async () => {
		await listen('waits');
		const live = publishLive(SCENARIO);
		live.follow(UNCHANGING, () => {
			throw new Error('it was made');
		});
		live.finished(rebootTimeline());
		live.close();
		await notebook.until(1);
		expect(notebook.told_).toHaveLength(1);
	});

	test('is not taken for another', async () => {
		await listen('waits');
		const lives = ['a', 'b', 'c'].map((scenario) => publishLive({ ...SCENARIO, scenario }));
		for (const live of lives) live.close();
		await notebook.until(3);
		expect(new Set(notebook.told_.map(([number]) => number)).size).toBe(3);
		expect([...notebook.gone_].sort()).toEqual([0, 1, 2]);
	});
});

describe('nothing fails', () => {
	/** Everything that a scenario says. */
	function play(): void {
		const live = publishLive(SCENARIO);
		live.waiting({ what: 'it', limitMs: 1_000 })();
		live.follow(UNCHANGING, rebootTimeline);
		live.finished(rebootTimeline());
		live.close();
		live.waiting({ what: 'too late', limitMs: 1_000 })();
	}
	const aMoment = () => new Promise((resolve) => setTimeout(resolve, 50));

	test('where nobody listens', async () => {
		play();
		await aMoment();
		expectNoSocket();
	});

	test('where the run has no place for it', async () => {
		delete process.env.HALFOPEN_LIVE;
		play();
		expect(await subscribeLive('waits', notebook)).toBeUndefined();
	});

	test('where somebody should listen and is not there', async () => {
		announceSubscriber('drawings');
		play();
		await aMoment();
	});

	test('where who listened has gone', async () => {
		await listen('drawings');
		const live = publishLive(SCENARIO);
		await aMoment();
		ears?.close();
		for (let wait = 0; wait < 20; wait++) {
			live.waiting({ what: 'it', limitMs: 1_000 })();
			live.finished(rebootTimeline());
			await new Promise((resolve) => setImmediate(resolve));
		}
		live.close();
		await aMoment();
		expectNoSocket();
	});

	test('where it cannot be listened, or already is; then nobody is told to tell', async () => {
		const taken = currentLiveSocket()?.socket ?? '';
		await writeFile(taken, '');
		expect(await subscribeLive('waits', notebook)).toBeUndefined();
		expect(currentLiveSocket()?.wanted).toBeUndefined();
	});

	test('where the path is too long for a socket', async () => {
		offerLiveSocket(join(folder, 'x'.repeat(200)));
		expect(currentLiveSocket()).toBeUndefined();
		play();
		expect(await subscribeLive('waits', notebook)).toBeUndefined();
	});

	test('where a worker is killed amid a line, or tells what is foreign', async () => {
		await listen('waits');
		const worker = connect(currentLiveSocket()?.socket ?? '');
		worker.on('error', () => {});
		worker.write(`no line of ours\n${lineOf({ kind: 'began', ...SCENARIO })}{"kind":"wai`, () => worker.destroy());
		await notebook.until(1);
		expect(notebook.told_).toEqual([[0, { kind: 'began', ...SCENARIO }]]);
	});
});
