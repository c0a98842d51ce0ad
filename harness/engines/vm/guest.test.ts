import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { FakeGuest } from './fixtures/fake-guest.ts';
import { Guest } from './guest.ts';
import { type FromGuest, TO_GUEST_MAX_BYTES, type ToGuest } from './shared-memory.ts';

interface Turn {
	readonly given: ToGuest;
	/** The guest pauses at its deadline, and has said nothing, unless this says otherwise. */
	leave(left?: Partial<FromGuest>): void;
	fail(error: Error): void;
}

let fake: FakeGuest;
let turns: Turn[];
let guest: Guest;
/** All that came out of its channel. */
let said: string;

beforeEach(() => begin());

afterEach(() => guest.end());

function begin(seed?: bigint): void {
	turns = [];
	said = '';
	fake = new FakeGuest(
		(given) => new Promise((leave, fail) => turns.push({ given, leave: (left = {}) => leave(left), fail })),
	);
	guest = new Guest(fake, seed);
	guest.channel.on('data', (bytes: Buffer) => {
		said += bytes;
	});
}

/** The next turn that the guest is given. */
async function nextTurn(): Promise<Turn> {
	for (;;) {
		const turn = turns.shift();
		if (turn) return turn;
		await new Promise(setImmediate);
	}
}

const never = new AbortController().signal;
const sleep = (milliseconds: number, signal = never) => guest.clock.sleep(milliseconds, signal);
/** Nanoseconds. */
const MS = 1_000_000n;
const at = (milliseconds: bigint) => 1_000n + milliseconds * MS;

describe('what is said', () => {
	test('before the first turn, and in each, comes out of the channel in order', async () => {
		(await nextTurn()).leave({ bytes: Buffer.from(', kang') });
		(await nextTurn()).leave({ bytes: Buffer.from('!') });
		await nextTurn();
		expect(said).toBe('hello, kang!');
	});

	test('to the guest goes to it in one turn, all that is thought of until nobody has anything to say', async () => {
		guest.channel.write('one ');
		for (const word of ['two ', 'three ', 'four ']) {
			await new Promise(setImmediate);
			await new Promise(setImmediate);
			guest.channel.write(word);
		}
		const turn = await nextTurn();
		expect(turn.given).toMatchObject({ bytes: Buffer.from('one two three four '), seed: 0n, restart: false });
		turn.leave();
		expect((await nextTurn()).given.bytes).toHaveLength(0);
	});

	test('while the guest runs goes to it in its next turn', async () => {
		const turn = await nextTurn();
		guest.channel.write('later');
		turn.leave();
		expect((await nextTurn()).given.bytes.toString()).toBe('later');
	});

	test('that does not fit goes in turns, for which the guest stops at once, and what it says meanwhile is heard', async () => {
		const all = Buffer.alloc(2 * TO_GUEST_MAX_BYTES + 5, 'kodos ');
		guest.channel.write(all.subarray(0, 10));
		guest.channel.write(all.subarray(10));
		const pieces: Buffer[] = [];
		for (const [deadline, answer] of [
			[at(0n), 'a'],
			[at(0n), 'b'],
			[at(1_000n), 'c'],
		] as const) {
			const turn = await nextTurn();
			expect(turn.given.deadline).toBe(deadline);
			pieces.push(turn.given.bytes);
			turn.leave({ now: at(0n), bytes: Buffer.from(answer) });
		}
		expect(pieces.map(({ length }) => length)).toEqual([TO_GUEST_MAX_BYTES, TO_GUEST_MAX_BYTES, 5]);
		expect(Buffer.concat(pieces).equals(all)).toBe(true);
		await nextTurn();
		expect(said).toBe('helloabc');
	});
});

describe('time', () => {
	test('is what the guest said last, in seconds, to the microsecond', async () => {
		expect(guest.clock.now()).toBe(0.000_001);
		(await nextTurn()).leave({ now: 1_767_225_600_123_456_789n });
		await nextTurn();
		expect(guest.clock.now()).toBe(1_767_225_600.123_456);
	});

	test('goes on for a second where nobody says until when, and until the earliest that somebody waits for', async () => {
		const turn = await nextTurn();
		expect(turn.given.deadline).toBe(at(1_000n));
		const woken: string[] = [];
		const sleeps = [
			sleep(7_200_000).then(() => woken.push('late')),
			sleep(15.5).then(() => woken.push('early')),
			sleep(15.5).then(() => woken.push('early, too')),
		];
		turn.leave({ now: at(1n) });
		const next = await nextTurn();
		expect(next.given.deadline).toBe(1_000n + 15_500_000n);
		expect(woken).toEqual([]);
		next.leave();
		const last = await nextTurn();
		expect(last.given.deadline).toBe(at(7_200_000n));
		expect(woken).toEqual(['early', 'early, too']);
		last.leave();
		await Promise.all(sleeps);
		expect((await nextTurn()).given.deadline).toBe(at(7_201_000n));
	});

	test('is not waited for beyond what the guest has said before', async () => {
		const slept = sleep(10);
		(await nextTurn()).leave({ now: at(3n), bytes: Buffer.from('!') });
		const turn = await nextTurn();
		expect(turn.given.deadline).toBe(at(10n));
		turn.leave();
		await slept;
	});

	test('that is not waited for any more passes at once, and the guest does not wait for it', async () => {
		const over = new AbortController();
		const slept = sleep(10, over.signal);
		const turn = await nextTurn();
		over.abort();
		await slept;
		turn.leave({ now: at(1n) });
		expect((await nextTurn()).given.deadline).toBe(at(1_001n));
		await sleep(10, AbortSignal.abort());
	});
});

describe('a guest that is lost', () => {
	const lost = new Error('lost');

	test('fails its channel, those who sleep, and those who would', async () => {
		const failed = new Promise((resolve) => guest.channel.on('error', resolve));
		const slept = expect(sleep(10)).rejects.toBe(lost);
		(await nextTurn()).fail(lost);
		expect(await failed).toBe(lost);
		await slept;
		await expect(sleep(10)).rejects.toBe(lost);
		await expect(guest.restarted()).rejects.toBe(lost);
		expect(turns).toEqual([]);
	});
});

describe('the end', () => {
	test('ends the guest in mid-turn, and then its channel; whoever sleeps wakes', async () => {
		const ended = new Promise((resolve) => guest.channel.on('end', () => resolve('ended')).on('error', resolve));
		const slept = sleep(10);
		await nextTurn();
		await guest.end();
		expect(fake.received.at(-1)).toBe('ended');
		expect(await ended).toBe('ended');
		await slept;
		await sleep(10);
	});

	test('may be called twice, and before the first turn', async () => {
		await Promise.all([guest.end(), guest.end()]);
		expect(fake.inputs).toEqual([]);
	});

	test('of the channel lets another agent begin, once this one has been told all', async () => {
		guest.channel.end(Buffer.alloc(TO_GUEST_MAX_BYTES + 1));
		const restarted = guest.restarted();
		const first = await nextTurn();
		expect(first.given.restart).toBe(false);
		first.leave();
		const last = await nextTurn();
		expect(last.given).toMatchObject({ restart: true, bytes: Buffer.alloc(1) });
		last.leave();
		await restarted;
		expect(turns).toEqual([]);
	});
});

describe('a lab that is ready', () => {
	test('is told to the guest between two turns', async () => {
		const turn = await nextTurn();
		guest.ready();
		turn.leave();
		(await nextTurn()).leave();
		await nextTurn();
		expect(fake.received.map((one) => (typeof one === 'string' ? one : 'turn'))).toEqual([
			'turn',
			'ready',
			'turn',
			'turn',
		]);
	});
});

test('a seed is given once, with the first turn', async () => {
	await guest.end();
	begin(7n);
	(await nextTurn()).leave();
	await nextTurn();
	expect(fake.inputs.map(({ seed }) => seed)).toEqual([7n, 0n]);
});
