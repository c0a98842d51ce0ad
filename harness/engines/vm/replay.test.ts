import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, jest, test } from '@jest/globals';
import { HalfopenError } from '../../errors.ts';
import { FakeGuest } from './fixtures/fake-guest.ts';
import { RecordedGuest, ReplayedGuest, readTranscript, type Transcript } from './replay.ts';
import type { ToGuest } from './shared-memory.ts';

const RUN = { id: 'unit', owner: 'nobody:0' };

/** Something to say, which no other is the same as. */
const saying = (text: string, given: Partial<ToGuest> = {}): ToGuest => ({
	deadline: 5n,
	bytes: Buffer.from(text),
	seed: 0n,
	restart: false,
	...given,
});

/** A guest that answers with what was said, in capitals. */
const echo = () =>
	new FakeGuest(({ bytes }, turn) => ({ now: BigInt(turn), bytes: Buffer.from(bytes.toString().toUpperCase()) }));

const transcript: Transcript = {
	first: { now: 1n, bytes: Buffer.from('first') },
	turns: ['one', 'two', 'three'].map((text, index) => ({
		input: saying(text),
		output: { now: BigInt(index + 10), bytes: Buffer.from(`kept ${text}`) },
	})),
};

const unusable = () => new HalfopenError('SNAPSHOT_UNUSABLE', { problem: 'it is cut off', remedy: 'none' });

let folder = '';

beforeEach(async () => {
	folder = await mkdtemp(join(tmpdir(), 'halfopen-transcript-'));
});

afterEach(() => rm(folder, { recursive: true }));

describe('a transcript that is replayed', () => {
	/**
	 * Replays the transcript; one fake guest stands for each of the two snapshots. `says` sends a text, and resolves with
	 * the answer.
	 */
	function replay(restoreFinal = jest.fn(async (_signal: AbortSignal) => echo())) {
		const restoreInitial = jest.fn(async (_signal: AbortSignal) => echo());
		const replayed = new ReplayedGuest(transcript, restoreFinal, restoreInitial);
		const says = async (text: string, given: Partial<ToGuest> = {}) =>
			(await replayed.turn(saying(text, given))).bytes.toString();
		return {
			replayed,
			says,
			restoreFinal,
			restoreInitial,
			guest: async (from: typeof restoreFinal) => (await from.mock.results[0]?.value) as FakeGuest,
		};
	}

	test('is said again without a guest; what comes after it is said to the one of its end', async () => {
		const { replayed, says, restoreFinal, restoreInitial, guest } = replay();
		expect(replayed.first).toEqual(transcript.first);
		expect([await says('one'), await says('two'), await says('three')]).toEqual(['kept one', 'kept two', 'kept three']);
		expect((await guest(restoreFinal)).received).toEqual([]);
		expect([await says('four'), await says('one')]).toEqual(['FOUR', 'ONE']);
		expect((await guest(restoreFinal)).inputs).toEqual([saying('four'), saying('one')]);
		expect(restoreInitial).not.toHaveBeenCalled();
		await replayed.end();
		expect((await guest(restoreFinal)).received.at(-1)).toBe('ended');
	});

	test.each<[string, string, Partial<ToGuest>]>([
		['other bytes', 'other', {}],
		['another deadline', 'two', { deadline: 6n }],
		['another agent', 'two', { restart: true }],
		['another seed', 'two', { seed: 1n }],
	])(
		'and is left by %s goes on with a guest of its beginning, which was told the same before',
		async (_what, text, given) => {
			const { replayed, says, restoreFinal, restoreInitial, guest } = replay();
			expect(await says('one')).toBe('kept one');
			expect(await says(text, given)).toBe(text.toUpperCase());
			expect(await says('three')).toBe('THREE');
			expect((await guest(restoreInitial)).inputs).toEqual([saying('one'), saying(text, given), saying('three')]);
			// Nobody waits for it any more.
			expect(restoreFinal.mock.calls[0]?.[0].aborted).toBe(true);
			await replayed.end();
			expect((await guest(restoreInitial)).received.at(-1)).toBe('ended');
			expect((await guest(restoreFinal)).received).toEqual(['ended']);
		},
	);

	test('whose guest of the end is of no use goes on with one of its beginning', async () => {
		const { replayed, says, restoreInitial, guest } = replay(jest.fn(async () => Promise.reject(unusable())));
		for (const text of ['one', 'two', 'three']) await says(text);
		expect(await says('four')).toBe('FOUR');
		expect((await guest(restoreInitial)).inputs).toEqual(['one', 'two', 'three', 'four'].map((text) => saying(text)));
		await replayed.end();
	});

	test('fails where the guest of the end fails for another reason, and where that of the beginning does', async () => {
		const first = replay(jest.fn(async () => Promise.reject(new Error('killed'))));
		for (const text of ['one', 'two', 'three']) await first.says(text);
		await expect(first.says('four')).rejects.toThrow('killed');
		await first.replayed.end();

		const { says, restoreInitial, replayed } = replay();
		restoreInitial.mockRejectedValue(unusable());
		await expect(says('other')).rejects.toMatchObject({ code: 'SNAPSHOT_UNUSABLE' });
		await replayed.end();
	});

	test('and ends early does not wait for a guest that is being restored', async () => {
		const restoring = (signal: AbortSignal) =>
			new Promise<FakeGuest>((_resolve, reject) =>
				signal.addEventListener('abort', () => reject(signal.reason), { once: true }),
			);
		const { replayed, says } = replay(jest.fn(restoring));
		await says('one');
		await replayed.end();

		const other = replay();
		other.restoreInitial.mockImplementation(restoring);
		const asked = expect(other.says('other')).rejects.toMatchObject({ name: 'AbortError' });
		await other.replayed.end();
		await asked;
	});

	test('and ends while a guest of its beginning is told the rest takes that with it', async () => {
		const { replayed, says, restoreInitial, guest } = replay();
		const silent = new FakeGuest(() => new Promise(() => {}));
		restoreInitial.mockImplementation(async (signal) => {
			signal.addEventListener('abort', () => void silent.end());
			return silent;
		});
		await says('one');
		const asked = expect(says('other')).rejects.toThrow('the guest was ended');
		while (silent.received.length === 0) await new Promise(setImmediate);
		await replayed.end();
		await asked;
		expect((await guest(restoreInitial)).received).toEqual([saying('one'), 'ended', 'ended']);
	});
});

describe('a transcript that is recorded', () => {
	const ready = () => join(folder, 'ready');

	test('is kept with its guest, word for word, when the lab is ready, and goes on with what was kept', async () => {
		const [guest, restored] = [echo(), echo()];
		const restore = jest.fn(async () => restored);
		const recorded = new RecordedGuest(RUN, guest, ready(), restore);
		const said = [saying('one', { deadline: 2n ** 60n }), saying('\0\xff two'), saying('', { restart: true })];
		const turns = [];
		for (const input of said) turns.push({ input, output: await recorded.turn(input) });
		expect(await readTranscript(ready())).toBeUndefined();
		await recorded.ready();
		expect(await readTranscript(ready())).toEqual({
			transcript: { first: guest.first, turns },
			memory: join(ready(), 'memory'),
		});
		expect(await readFile(join(ready(), 'memory'), 'utf8')).toBe('a guest');
		expect((await recorded.turn(saying('more'))).bytes.toString()).toBe('MORE');
		await recorded.end();
		expect(guest.received.slice(said.length)).toEqual(['saved', 'ended']);
		expect(restore.mock.calls).toEqual([[join(ready(), 'memory'), expect.any(AbortSignal)]]);
		expect(restored.received).toEqual([saying('more'), 'ended', 'ended']);
	});

	test('is not kept where another was quicker, and nothing of it is left; two at a time do not meet', async () => {
		const guests = [echo(), echo(), echo()];
		const recorded = guests.map((guest) => new RecordedGuest(RUN, guest, ready(), async () => echo()));
		for (const [index, one] of recorded.entries()) await one.turn(saying(`${index}`));
		await Promise.all(recorded.slice(0, 2).map((one) => one.ready()));
		const winner = await readTranscript(ready());
		expect(['0', '1']).toContain(winner?.transcript.turns[0]?.input.bytes.toString());
		await recorded[2]?.ready();
		expect(await readTranscript(ready())).toEqual(winner);
		expect(await readdir(folder)).toEqual(['ready']);
	});

	test('whose guest is not of use when it was kept says why', async () => {
		const recorded = new RecordedGuest(RUN, echo(), ready(), () => Promise.reject(unusable()));
		await expect(recorded.ready()).rejects.toMatchObject({ code: 'SNAPSHOT_UNUSABLE' });
		await recorded.end();
	});

	test('and ends while it is kept, or restored, takes both guests with it', async () => {
		const [first, second, restored] = [echo(), echo(), echo()];
		const saving = new Promise<void>((begun) => {
			first.save = () => {
				begun();
				return new Promise((_resolve, reject) => first.whenEnded(() => reject(new Error('killed'))));
			};
		});
		const saved = new RecordedGuest(RUN, first, ready(), async () => restored);
		const failed = expect(saved.ready()).rejects.toThrow('killed');
		await saving;
		await saved.end();
		await failed;

		const late = new RecordedGuest(RUN, second, ready(), async () => {
			void late.end();
			return restored;
		});
		await late.ready();
		await late.end();
		expect(restored.received.at(-1)).toBe('ended');
	});

	test('whose guest cannot be saved leaves nothing, and says why', async () => {
		const guest = echo();
		guest.save = () => Promise.reject(new HalfopenError('DISK_FULL', { problem: 'full', remedy: 'make room' }));
		await expect(new RecordedGuest(RUN, guest, ready(), async () => echo()).ready()).rejects.toMatchObject({
			code: 'DISK_FULL',
		});
		expect(await readdir(folder)).toEqual([]);
	});

	test.each(['', '{"first":', 'no JSON'])('and cannot be read, such as %p, is none, and goes', async (text) => {
		await mkdir(ready());
		await writeFile(join(ready(), 'transcript.json'), text);
		expect(await readTranscript(ready())).toBeUndefined();
		expect(await readdir(folder)).toEqual([]);
	});
});
