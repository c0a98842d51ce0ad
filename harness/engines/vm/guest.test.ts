import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { FakeGuest } from './fixtures/fake-guest.ts';
import { Guest } from './guest.ts';
import { type FromGuest, TO_GUEST_MAX_BYTES, type ToGuest } from './shared-memory.ts';

interface PendingTurn {
	readonly input: ToGuest;
	/** Ends the turn with this output. Default: the guest pauses at the deadline without output. */
	end(output?: Partial<FromGuest>): void;
	fail(error: Error): void;
}

let fake: FakeGuest;
let turns: PendingTurn[];
let guest: Guest;
/** Everything that was read from the channel. */
let received: string;

beforeEach(() => begin());

afterEach(() => guest.end());

function begin(seed?: bigint): void {
	turns = [];
	received = '';
	fake = new FakeGuest(
		(input) => new Promise((resolve, fail) => turns.push({ input, end: (output = {}) => resolve(output), fail })),
	);
	guest = new Guest(fake, seed);
	guest.channel.on('data', (bytes: Buffer) => {
		received += bytes;
	});
}

/** Resolves with the next turn of the guest. */
async function nextTurn(): Promise<PendingTurn> {
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

describe('bytes', () => {
	test('that the guest sends before the first turn and in each turn arrive in order', async () => {
		(await nextTurn()).end({ bytes: Buffer.from(', harness') });
		(await nextTurn()).end({ bytes: Buffer.from('!') });
		await nextTurn();
		expect(received).toBe('hello, harness!');
	});

	test('to the guest are sent in one turn when the harness is idle', async () => {
		guest.channel.write('one ');
		for (const word of ['two ', 'three ', 'four ']) {
			await new Promise(setImmediate);
			await new Promise(setImmediate);
			guest.channel.write(word);
		}
		const turn = await nextTurn();
		expect(turn.input).toMatchObject({ bytes: Buffer.from('one two three four '), seed: 0n, restart: false });
		turn.end();
		expect((await nextTurn()).input.bytes).toHaveLength(0);
	});

	test('that are written while the guest runs are sent in the next turn', async () => {
		const turn = await nextTurn();
		guest.channel.write('later');
		turn.end();
		expect((await nextTurn()).input.bytes.toString()).toBe('later');
	});

	test('that do not fit into one turn are sent in several, and the output of all is received', async () => {
		const all = Buffer.alloc(2 * TO_GUEST_MAX_BYTES + 5, 'hello ');
		guest.channel.write(all.subarray(0, 10));
		guest.channel.write(all.subarray(10));
		const pieces: Buffer[] = [];
		for (const [deadline, answer] of [
			[at(0n), 'a'],
			[at(0n), 'b'],
			[at(1_000n), 'c'],
		] as const) {
			const turn = await nextTurn();
			expect(turn.input.deadline).toBe(deadline);
			pieces.push(turn.input.bytes);
			turn.end({ now: at(0n), bytes: Buffer.from(answer) });
		}
		expect(pieces.map(({ length }) => length)).toEqual([TO_GUEST_MAX_BYTES, TO_GUEST_MAX_BYTES, 5]);
		expect(Buffer.concat(pieces).equals(all)).toBe(true);
		await nextTurn();
		expect(received).toBe('helloabc');
	});
});

describe('time', () => {
	test('is the guest’s latest time in seconds, with microseconds', async () => {
		expect(guest.clock.now()).toBe(0.000_001);
		(await nextTurn()).end({ now: 1_767_225_600_123_456_789n });
		await nextTurn();
		expect(guest.clock.now()).toBe(1_767_225_600.123_456);
	});

	test('advances by one second at a time if nothing sleeps, and else to the end of the earliest sleep', async () => {
		const turn = await nextTurn();
		expect(turn.input.deadline).toBe(at(1_000n));
		const woken: string[] = [];
		const sleeps = [
			sleep(7_200_000).then(() => woken.push('late')),
			sleep(15.5).then(() => woken.push('early')),
			sleep(15.5).then(() => woken.push('early, too')),
		];
		turn.end({ now: at(1n) });
		const next = await nextTurn();
		expect(next.input.deadline).toBe(1_000n + 15_500_000n);
		expect(woken).toEqual([]);
		next.end();
		const last = await nextTurn();
		expect(last.input.deadline).toBe(at(7_200_000n));
		expect(woken).toEqual(['early', 'early, too']);
		last.end();
		await Promise.all(sleeps);
		expect((await nextTurn()).input.deadline).toBe(at(7_201_000n));
	});

	test('does not end a sleep when the guest pauses earlier with output', async () => {
		const slept = sleep(10);
		(await nextTurn()).end({ now: at(3n), bytes: Buffer.from('!') });
		const turn = await nextTurn();
		expect(turn.input.deadline).toBe(at(10n));
		turn.end();
		await slept;
	});

	test('an aborted sleep resolves at once, and sets no deadline any more', async () => {
		const abort = new AbortController();
		const slept = sleep(10, abort.signal);
		const turn = await nextTurn();
		abort.abort();
		await slept;
		turn.end({ now: at(1n) });
		expect((await nextTurn()).input.deadline).toBe(at(1_001n));
		await sleep(10, AbortSignal.abort());
	});
});

describe('a guest that is lost', () => {
	const lost = new Error('lost');

	test('fails its channel, and rejects current and later sleeps', async () => {
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
	test('ends the guest during a turn, and then its channel; sleeps resolve', async () => {
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

	test('of the channel starts a new agent after all bytes have been sent to the old one', async () => {
		guest.channel.end(Buffer.alloc(TO_GUEST_MAX_BYTES + 1));
		const restarted = guest.restarted();
		const first = await nextTurn();
		expect(first.input.restart).toBe(false);
		first.end();
		const last = await nextTurn();
		expect(last.input).toMatchObject({ restart: true, bytes: Buffer.alloc(1) });
		last.end();
		await restarted;
		expect(turns).toEqual([]);
	});
});

describe('a lab that is ready', () => {
	test('is reported to the transport between two turns', async () => {
		const turn = await nextTurn();
		guest.ready();
		turn.end();
		(await nextTurn()).end();
		await nextTurn();
		expect(fake.received.map((one) => (typeof one === 'string' ? one : 'turn'))).toEqual([
			'turn',
			'ready',
			'turn',
			'turn',
		]);
	});
});

test('a seed is sent once, in the first turn', async () => {
	await guest.end();
	begin(7n);
	(await nextTurn()).end();
	await nextTurn();
	expect(fake.inputs.map(({ seed }) => seed)).toEqual([7n, 0n]);
});
