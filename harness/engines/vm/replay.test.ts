import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, jest, test } from '@jest/globals';
import { HalfopenError } from '../../errors.ts';
import { FakeGuest } from './fixtures/fake-guest.ts';
import { RecordedGuest, ReplayedGuest, readTranscript, type Transcript } from './replay.ts';
import type { ToGuest } from './shared-memory.ts';

const RUN = { id: 'unit', owner: 'nobody:0' };

/** Returns the input of a turn with this text. */
const inputWith = (text: string, given: Partial<ToGuest> = {}): ToGuest => ({
	deadline: 5n,
	bytes: Buffer.from(text),
	seed: 0n,
	restart: false,
	...given,
});

/** Returns a guest that answers with its input in upper case. */
const echo = () =>
	new FakeGuest(({ bytes }, turn) => ({ now: BigInt(turn), bytes: Buffer.from(bytes.toString().toUpperCase()) }));

const transcript: Transcript = {
	first: { now: 1n, bytes: Buffer.from('first') },
	turns: ['one', 'two', 'three'].map((text, index) => ({
		input: inputWith(text),
		output: { now: BigInt(index + 10), bytes: Buffer.from(`kept ${text}`) },
	})),
};

const unusable = () => new HalfopenError('SNAPSHOT_UNUSABLE', { problem: 'it is cut off', remedy: 'none' });

let folder = '';

beforeEach(async () => {
	folder = await mkdtemp(join(tmpdir(), 'halfopen-transcript-'));
});

afterEach(() => rm(folder, { recursive: true }));

describe('a replayed transcript', () => {
	/**
	 * Replays the transcript. One fake guest stands for each of the two snapshots. `send` sends a text, and resolves with
	 * the answer.
	 */
	function replay(restoreFinal = jest.fn(async (_signal: AbortSignal) => echo())) {
		const restoreInitial = jest.fn(async (_signal: AbortSignal) => echo());
		const replayed = new ReplayedGuest(transcript, restoreFinal, restoreInitial);
		const send = async (text: string, given: Partial<ToGuest> = {}) =>
			(await replayed.turn(inputWith(text, given))).bytes.toString();
		return {
			replayed,
			send,
			restoreFinal,
			restoreInitial,
			guest: async (from: typeof restoreFinal) => (await from.mock.results[0]?.value) as FakeGuest,
		};
	}

	test('answers without a guest; later input goes to the guest of the final snapshot', async () => {
		const { replayed, send, restoreFinal, restoreInitial, guest } = replay();
		expect(replayed.first).toEqual(transcript.first);
		expect([await send('one'), await send('two'), await send('three')]).toEqual(['kept one', 'kept two', 'kept three']);
		expect((await guest(restoreFinal)).received).toEqual([]);
		expect([await send('four'), await send('one')]).toEqual(['FOUR', 'ONE']);
		expect((await guest(restoreFinal)).inputs).toEqual([inputWith('four'), inputWith('one')]);
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
		'continues with the guest of the initial snapshot after %s, which first gets the same inputs',
		async (_what, text, given) => {
			const { replayed, send, restoreFinal, restoreInitial, guest } = replay();
			expect(await send('one')).toBe('kept one');
			expect(await send(text, given)).toBe(text.toUpperCase());
			expect(await send('three')).toBe('THREE');
			expect((await guest(restoreInitial)).inputs).toEqual([
				inputWith('one'),
				inputWith(text, given),
				inputWith('three'),
			]);
			// The final snapshot is not needed any more.
			expect(restoreFinal.mock.calls[0]?.[0].aborted).toBe(true);
			await replayed.end();
			expect((await guest(restoreInitial)).received.at(-1)).toBe('ended');
			expect((await guest(restoreFinal)).received).toEqual(['ended']);
		},
	);

	test('continues with the guest of the initial snapshot if the final one is unusable', async () => {
		const { replayed, send, restoreInitial, guest } = replay(jest.fn(async () => Promise.reject(unusable())));
		for (const text of ['one', 'two', 'three']) await send(text);
		expect(await send('four')).toBe('FOUR');
		expect((await guest(restoreInitial)).inputs).toEqual(
			['one', 'two', 'three', 'four'].map((text) => inputWith(text)),
		);
		await replayed.end();
	});

	test('rejects if the final guest fails for another reason, or if the initial guest fails', async () => {
		const first = replay(jest.fn(async () => Promise.reject(new Error('killed'))));
		for (const text of ['one', 'two', 'three']) await first.send(text);
		await expect(first.send('four')).rejects.toThrow('killed');
		await first.replayed.end();

		const { send, restoreInitial, replayed } = replay();
		restoreInitial.mockRejectedValue(unusable());
		await expect(send('other')).rejects.toMatchObject({ code: 'SNAPSHOT_UNUSABLE' });
		await replayed.end();
	});

	test('that ends early does not wait for a guest that is being restored', async () => {
		const restoring = (signal: AbortSignal) =>
			new Promise<FakeGuest>((_resolve, reject) =>
				signal.addEventListener('abort', () => reject(signal.reason), { once: true }),
			);
		const { replayed, send } = replay(jest.fn(restoring));
		await send('one');
		await replayed.end();

		const other = replay();
		other.restoreInitial.mockImplementation(restoring);
		const answer = expect(other.send('other')).rejects.toMatchObject({ name: 'AbortError' });
		await other.replayed.end();
		await answer;
	});

	test('that ends while the initial guest gets the earlier inputs ends this guest, too', async () => {
		const { replayed, send, restoreInitial, guest } = replay();
		const silent = new FakeGuest(() => new Promise(() => {}));
		restoreInitial.mockImplementation(async (signal) => {
			signal.addEventListener('abort', () => void silent.end());
			return silent;
		});
		await send('one');
		const answer = expect(send('other')).rejects.toThrow('the guest was ended');
		while (silent.received.length === 0) await new Promise(setImmediate);
		await replayed.end();
		await answer;
		expect((await guest(restoreInitial)).received).toEqual([inputWith('one'), 'ended', 'ended']);
	});
});

describe('a recorded transcript', () => {
	const ready = () => join(folder, 'ready');

	test('is saved with its guest when the lab is ready, and continues with the restored guest', async () => {
		const [guest, restored] = [echo(), echo()];
		const restore = jest.fn(async () => restored);
		const recorded = new RecordedGuest(RUN, guest, ready(), restore);
		const inputs = [
			inputWith('one', { deadline: 2n ** 60n }),
			inputWith('\0\xff two'),
			inputWith('', { restart: true }),
		];
		const turns = [];
		for (const input of inputs) turns.push({ input, output: await recorded.turn(input) });
		expect(await readTranscript(ready())).toBeUndefined();
		await recorded.ready();
		expect(await readTranscript(ready())).toEqual({
			transcript: { first: guest.first, turns },
			memory: join(ready(), 'memory'),
		});
		expect(await readFile(join(ready(), 'memory'), 'utf8')).toBe('a guest');
		expect((await recorded.turn(inputWith('more'))).bytes.toString()).toBe('MORE');
		await recorded.end();
		expect(guest.received.slice(inputs.length)).toEqual(['saved', 'ended']);
		expect(restore.mock.calls).toEqual([[join(ready(), 'memory'), expect.any(AbortSignal)]]);
		expect(restored.received).toEqual([inputWith('more'), 'ended', 'ended']);
	});

	test('is discarded if another one was saved first; two can be saved at the same time', async () => {
		const guests = [echo(), echo(), echo()];
		const recorded = guests.map((guest) => new RecordedGuest(RUN, guest, ready(), async () => echo()));
		for (const [index, one] of recorded.entries()) await one.turn(inputWith(`${index}`));
		await Promise.all(recorded.slice(0, 2).map((one) => one.ready()));
		const winner = await readTranscript(ready());
		expect(['0', '1']).toContain(winner?.transcript.turns[0]?.input.bytes.toString());
		await recorded[2]?.ready();
		expect(await readTranscript(ready())).toEqual(winner);
		expect(await readdir(folder)).toEqual(['ready']);
	});

	test('rejects if the saved guest cannot be restored', async () => {
		const recorded = new RecordedGuest(RUN, echo(), ready(), () => Promise.reject(unusable()));
		await expect(recorded.ready()).rejects.toMatchObject({ code: 'SNAPSHOT_UNUSABLE' });
		await recorded.end();
	});

	test('that ends while its guest is saved or restored ends both guests', async () => {
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

	test('leaves nothing and rejects if the guest cannot be saved', async () => {
		const guest = echo();
		guest.save = () => Promise.reject(new HalfopenError('DISK_FULL', { problem: 'full', remedy: 'free space' }));
		await expect(new RecordedGuest(RUN, guest, ready(), async () => echo()).ready()).rejects.toMatchObject({
			code: 'DISK_FULL',
		});
		expect(await readdir(folder)).toEqual([]);
	});

	test.each(['', '{"first":', 'no JSON'])('that cannot be parsed (%p) is removed', async (text) => {
		await mkdir(ready());
		await writeFile(join(ready(), 'transcript.json'), text);
		expect(await readTranscript(ready())).toBeUndefined();
		expect(await readdir(folder)).toEqual([]);
	});
});
