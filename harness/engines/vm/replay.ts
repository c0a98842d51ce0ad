import { readFile, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { HalfopenError } from '../../errors.ts';
import { intoCache } from '../../kernels/cache-errors.ts';
import type { RunIdentity } from '../engine.ts';
import type { GuestTransport, RunningGuestLike } from './running-guest.ts';
import type { FromGuest, ToGuest } from './shared-memory.ts';
import { markUsed, moveUnlessThere, unfinishedFolder } from './snapshots-folder.ts';

/** What harness and guest said to each other while a lab was made. */
export interface Transcript {
	readonly first: FromGuest;
	readonly turns: readonly Turn[];
}

interface Turn {
	readonly given: ToGuest;
	readonly left: FromGuest;
}

const MEMORY = 'memory';
const TURNS = 'conversation.json';

/** Restores a guest, which ends when the signal is aborted. Rejects with SNAPSHOT_UNUSABLE if it cannot be. */
type Restore = (signal: AbortSignal) => Promise<RunningGuestLike>;

/**
 * All labs are made alike, and a guest whose time stands still while the harness thinks says the same to the same. So
 * what was said while the first was made is kept, with the guest as it was at the end, and said again, without a guest,
 * while later ones are made.
 */
export class ReplayedGuest implements GuestTransport {
	readonly first: FromGuest;
	readonly #turns: readonly Turn[];
	readonly #over = new AbortController();
	/** No longer wanted as soon as somebody says something else. */
	readonly #atTheEnd = new AbortController();
	readonly #restored: Promise<RunningGuestLike | undefined>;
	readonly #atTheBeginning: Restore;
	#at = 0;
	#guest: Promise<RunningGuestLike> | undefined;

	/**
	 * `atTheEnd` restores the guest of the end of the conversation, and is begun at once; the other is needed if somebody
	 * says something else.
	 */
	constructor({ first, turns }: Transcript, atTheEnd: Restore, atTheBeginning: Restore) {
		this.first = first;
		this.#turns = turns;
		this.#restored = atTheEnd(AbortSignal.any([this.#over.signal, this.#atTheEnd.signal])).catch(unlessUnusable);
		this.#restored.catch(() => {});
		this.#atTheBeginning = atTheBeginning;
	}

	async turn(given: ToGuest): Promise<FromGuest> {
		const known = this.#guest ? undefined : this.#turns[this.#at];
		if (known && isSame(known.given, given)) {
			this.#at++;
			return known.left;
		}
		this.#guest ??= this.#whoWouldBeHere();
		return (await this.#guest).turn(given);
	}

	async ready(): Promise<void> {}

	async end(): Promise<void> {
		this.#over.abort();
		const begun = await Promise.allSettled([this.#restored, this.#guest]);
		await Promise.all(begun.map((one) => one.status === 'fulfilled' && one.value?.end()));
	}

	/** The guest after all that has been said. */
	async #whoWouldBeHere(): Promise<RunningGuestLike> {
		if (this.#at === this.#turns.length) {
			const restored = await this.#restored;
			if (restored) return restored;
		}
		this.#atTheEnd.abort();
		const running = await this.#atTheBeginning(this.#over.signal);
		try {
			for (const { given } of this.#turns.slice(0, this.#at)) await running.turn(given);
			return running;
		} catch (error) {
			await running.end();
			throw error;
		}
	}
}

/** What was kept with it can be said to another guest. */
function unlessUnusable(error: unknown): undefined {
	if (!(error instanceof HalfopenError) || error.code !== 'SNAPSHOT_UNUSABLE') throw error;
}

/**
 * A guest whose conversation is kept when the lab is ready. From there on the lab has the guest that was kept, as all
 * later ones have: a guest that was restored is some nanoseconds from one that went on.
 */
export class RecordedGuest implements GuestTransport {
	readonly first: FromGuest;
	readonly #run: RunIdentity;
	readonly #folder: string;
	readonly #restore: (memory: string, signal: AbortSignal) => Promise<RunningGuestLike>;
	readonly #over = new AbortController();
	#running: RunningGuestLike;
	/** None any more once it is kept. */
	#turns: Turn[] | undefined = [];
	#keeping: Promise<void> | undefined;

	constructor(
		run: RunIdentity,
		running: RunningGuestLike,
		folder: string,
		restore: (memory: string, signal: AbortSignal) => Promise<RunningGuestLike>,
	) {
		this.first = running.first;
		this.#run = run;
		this.#running = running;
		this.#folder = folder;
		this.#restore = restore;
	}

	async turn(given: ToGuest): Promise<FromGuest> {
		const left = await this.#running.turn(given);
		this.#turns?.push({ given, left });
		return left;
	}

	ready(): Promise<void> {
		this.#keeping = this.#keep({ first: this.first, turns: this.#turns ?? [] });
		this.#turns = undefined;
		return this.#keeping;
	}

	async end(): Promise<void> {
		this.#over.abort();
		await this.#running.end();
		await this.#keeping?.catch(() => {});
		await this.#running.end();
	}

	async #keep(conversation: Transcript): Promise<void> {
		await intoCache(async () => {
			await using unfinished = await unfinishedFolder(dirname(this.#folder), this.#run);
			await this.#running.save(join(unfinished.path, MEMORY));
			await writeFile(join(unfinished.path, TURNS), JSON.stringify(conversation, asText));
			// Where another lab was quicker, this one is not needed.
			await moveUnlessThere(unfinished.path, this.#folder);
		});
		await this.#running.end();
		this.#running = await this.#restore(join(this.#folder, MEMORY), this.#over.signal);
	}
}

/**
 * The conversation that is kept in a folder, if there is one, and the guest as it was at the end. One that cannot be
 * read is removed.
 */
export async function keptTranscript(
	folder: string,
): Promise<{ conversation: Transcript; memory: string } | undefined> {
	const text = await readFile(join(folder, TURNS), 'utf8').catch(() => undefined);
	if (text === undefined) return undefined;
	const conversation = parsed(text);
	if (conversation === undefined) await rm(folder, { recursive: true, force: true });
	else await markUsed(folder);
	return conversation && { conversation, memory: join(folder, MEMORY) };
}

function parsed(text: string): Transcript | undefined {
	try {
		return JSON.parse(text, asValue) as Transcript;
	} catch {
		return undefined;
	}
}

function isSame(one: ToGuest, other: ToGuest): boolean {
	return (
		one.deadline === other.deadline &&
		one.bytes.equals(other.bytes) &&
		one.restart === other.restart &&
		one.seed === other.seed
	);
}

const asText = (_key: string, value: unknown) => (typeof value === 'bigint' ? { nanoseconds: String(value) } : value);

function asValue(_key: string, value: unknown): unknown {
	if (typeof value !== 'object' || value === null) return value;
	if ('nanoseconds' in value) return BigInt(String(value.nanoseconds));
	return 'type' in value && value.type === 'Buffer' && 'data' in value ? Buffer.from(value.data as number[]) : value;
}
