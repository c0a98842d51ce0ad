/** Tests a publisher and a subscriber over a real Unix socket. */
import { existsSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import type { TimelineFile } from '../../timeline/timeline-file.ts';
import { rebootTimeline } from '../ladder/fixtures/timelines.ts';
import { announceSubscriber, currentLiveSocket, offerLiveSocket, type Topic } from './live-socket.ts';
import { type LiveMessage, lineOf } from './messages.ts';
import { publishLive } from './publisher.ts';
import type { Changeable } from './snapshots.ts';
import { type LiveSubscriber, type Subscription, subscribeLive } from './subscribe.ts';

const SCENARIO = { spec: 'specs/puzzlers/power-off.spec.ts', scenario: 'the peer never comes back' };
const UNCHANGING: Changeable = { events: [], onChange: () => () => {} };

/** Records all messages, and lets tests wait for disconnections. */
class RecordingSubscriber implements LiveSubscriber {
	readonly messages: [number, LiveMessage][] = [];
	readonly disconnections: number[] = [];
	readonly #checks = new Set<() => void>();

	received(scenario: number, message: LiveMessage): void {
		this.messages.push([scenario, message]);
		for (const check of this.#checks) check();
	}

	disconnected(scenario: number): void {
		this.disconnections.push(scenario);
		for (const check of this.#checks) check();
	}

	/** Resolves when this number of scenarios have disconnected. */
	untilDisconnected(count: number): Promise<void> {
		return new Promise((resolve) => {
			const check = () => {
				if (this.disconnections.length < count) return;
				this.#checks.delete(check);
				resolve();
			};
			this.#checks.add(check);
			check();
		});
	}
}

let folder: string;
let inherited: string | undefined;
let subscriber: RecordingSubscriber;
let subscription: Subscription | undefined;

beforeEach(async () => {
	inherited = process.env.HALFOPEN_LIVE;
	folder = await mkdtemp(join(tmpdir(), 'halfopen-live-'));
	subscriber = new RecordingSubscriber();
	offerLiveSocket(folder);
});

afterEach(async () => {
	subscription?.close();
	subscription = undefined;
	if (inherited === undefined) delete process.env.HALFOPEN_LIVE;
	else process.env.HALFOPEN_LIVE = inherited;
	await rm(folder, { recursive: true, force: true });
});

/** Passes if the socket of this run does not exist. */
function expectNoSocket(): void {
	const live = currentLiveSocket();
	expect(live && existsSync(live.socket)).toBe(false);
}

async function subscribe(topic: Topic): Promise<void> {
	subscription = await subscribeLive(topic, subscriber);
	expect(subscription).toBeDefined();
}

describe('a scenario', () => {
	test('publishes its waits and its end', async () => {
		await subscribe('waits');
		const live = publishLive({ ...SCENARIO, question: 'And then?' });
		live.timeBy(() => 7);
		const first = live.waiting({ what: 'one', limitMs: 15_000 });
		live.waiting({ what: 'two', limitMs: undefined });
		first();
		live.close();
		await subscriber.untilDisconnected(1);
		expect(subscriber.messages).toEqual([
			[0, { kind: 'began', ...SCENARIO, question: 'And then?' }],
			[0, { kind: 'waits', wait: 0, what: 'one', limitMs: 15_000, now: 7 }],
			[0, { kind: 'waits', wait: 1, what: 'two', now: 7 }],
			[0, { kind: 'waited', wait: 0 }],
		]);
	});

	test('publishes its timeline if the runner subscribed to it', async () => {
		await subscribe('drawings');
		const live = publishLive(SCENARIO);
		const last: TimelineFile = { ...rebootTimeline(), answer: 'ECONNRESET' };
		live.follow(UNCHANGING, rebootTimeline);
		live.finished(last);
		live.close();
		await subscriber.untilDisconnected(1);
		expect(subscriber.messages.slice(-1)).toEqual([[0, { kind: 'finished', timeline: last }]]);
	});

	test('creates no timeline if the runner did not subscribe to it', async () => {
		await subscribe('waits');
		const live = publishLive(SCENARIO);
		live.follow(UNCHANGING, () => {
			throw new Error('A timeline was created.');
		});
		live.finished(rebootTimeline());
		live.close();
		await subscriber.untilDisconnected(1);
		expect(subscriber.messages).toHaveLength(1);
	});

	test('is distinguished from others', async () => {
		await subscribe('waits');
		const lives = ['a', 'b', 'c'].map((scenario) => publishLive({ ...SCENARIO, scenario }));
		for (const live of lives) live.close();
		await subscriber.untilDisconnected(3);
		expect(new Set(subscriber.messages.map(([number]) => number)).size).toBe(3);
		expect([...subscriber.disconnections].sort()).toEqual([0, 1, 2]);
	});
});

describe('nothing fails', () => {
	/** Publishes messages of all kinds. */
	function publishAll(): void {
		const live = publishLive(SCENARIO);
		live.waiting({ what: 'it', limitMs: 1_000 })();
		live.follow(UNCHANGING, rebootTimeline);
		live.finished(rebootTimeline());
		live.close();
		live.waiting({ what: 'too late', limitMs: 1_000 })();
	}
	const aMoment = () => new Promise((resolve) => setTimeout(resolve, 50));

	test('without a subscriber', async () => {
		publishAll();
		await aMoment();
		expectNoSocket();
	});

	test('if the run has no socket', async () => {
		delete process.env.HALFOPEN_LIVE;
		publishAll();
		expect(await subscribeLive('waits', subscriber)).toBeUndefined();
	});

	test('if a subscriber was announced, but is missing', async () => {
		announceSubscriber('drawings');
		publishAll();
		await aMoment();
	});

	test('if the subscriber has closed', async () => {
		await subscribe('drawings');
		const live = publishLive(SCENARIO);
		await aMoment();
		subscription?.close();
		for (let turn = 0; turn < 20; turn++) {
			live.waiting({ what: 'it', limitMs: 1_000 })();
			live.finished(rebootTimeline());
			await new Promise((resolve) => setImmediate(resolve));
		}
		live.close();
		await aMoment();
		expectNoSocket();
	});

	test('if the socket’s path is taken; then no subscriber is announced', async () => {
		const taken = currentLiveSocket()?.socket ?? '';
		await writeFile(taken, '');
		expect(await subscribeLive('waits', subscriber)).toBeUndefined();
		expect(currentLiveSocket()?.topic).toBeUndefined();
	});

	test('if the path is too long for a socket', async () => {
		offerLiveSocket(join(folder, 'x'.repeat(200)));
		expect(currentLiveSocket()).toBeUndefined();
		publishAll();
		expect(await subscribeLive('waits', subscriber)).toBeUndefined();
	});

	test('if a worker is killed in the middle of a line, or sends a foreign line', async () => {
		await subscribe('waits');
		const worker = connect(currentLiveSocket()?.socket ?? '');
		worker.on('error', () => {});
		worker.write(`a foreign line\n${lineOf({ kind: 'began', ...SCENARIO })}{"kind":"wai`, () => worker.destroy());
		await subscriber.untilDisconnected(1);
		expect(subscriber.messages).toEqual([[0, { kind: 'began', ...SCENARIO }]]);
	});
});
