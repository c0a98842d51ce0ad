import { readFile, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { HalfopenError } from '../../errors.ts';
import { intoCache } from '../../kernels/cache-errors.ts';
import type { RunIdentity } from '../engine.ts';
import type { GuestTransport, SavableGuest } from './running-guest.ts';
import type { FromGuest, ToGuest } from './shared-memory.ts';
import { markUsed, moveUnlessThere, unfinishedSnapshot } from './snapshots-folder.ts';

/** All turns of a guest from its start until the lab was ready. */
export interface Transcript {
	readonly first: FromGuest;
	readonly turns: readonly Turn[];
}

interface Turn {
	readonly input: ToGuest;
	readonly output: FromGuest;
}

const MEMORY = 'memory';
const TRANSCRIPT = 'transcript.json';

/** Restores a guest, which ends when the signal is aborted. Rejects with SNAPSHOT_UNUSABLE if it cannot be restored. */
type Restore = (signal: AbortSignal) => Promise<SavableGuest>;

/**
 * Replays the transcript of the first lab instead of running a guest. Every lab is set up with the same requests, and a
 * guest whose clock stands still while the harness is busy answers them in the same way. Meanwhile the snapshot from
 * the end of the transcript is being restored.
 */
export class ReplayedGuest implements GuestTransport {
	readonly first: FromGuest;
	readonly #turns: readonly Turn[];
	readonly #ended = new AbortController();
	/** Aborted when a request differs from the transcript: the final snapshot is of no use then. */
	readonly #finalUnneeded = new AbortController();
	readonly #finalGuest: Promise<SavableGuest | undefined>;
	readonly #restoreInitial: Restore;
	#position = 0;
	#guest: Promise<SavableGuest> | undefined;

	/**
	 * `restoreFinal` restores the snapshot from the end of the transcript and is called immediately. `restoreInitial`
	 * restores the one from its beginning and is called only if a request differs from the transcript.
	 */
	constructor({ first, turns }: Transcript, restoreFinal: Restore, restoreInitial: Restore) {
		this.first = first;
		this.#turns = turns;
		this.#finalGuest = restoreFinal(AbortSignal.any([this.#ended.signal, this.#finalUnneeded.signal])).catch(
			ignoreUnusable,
		);
		this.#finalGuest.catch(() => {});
		this.#restoreInitial = restoreInitial;
	}

	async turn(input: ToGuest): Promise<FromGuest> {
		const replayed = this.#guest ? undefined : this.#turns[this.#position];
		if (replayed && isSame(replayed.input, input)) {
			this.#position++;
			return replayed.output;
		}
		this.#guest ??= this.#restoreCurrent();
		return (await this.#guest).turn(input);
	}

	async ready(): Promise<void> {}

	async end(): Promise<void> {
		this.#ended.abort();
		const restoring = await Promise.allSettled([this.#finalGuest, this.#guest]);
		await Promise.all(restoring.map((one) => one.status === 'fulfilled' && one.value?.end()));
	}

	/** Returns a running guest in the state after all turns so far. */
	async #restoreCurrent(): Promise<SavableGuest> {
		if (this.#position === this.#turns.length) {
			const restored = await this.#finalGuest;
			if (restored) return restored;
		}
		this.#finalUnneeded.abort();
		const running = await this.#restoreInitial(this.#ended.signal);
		try {
			for (const { input } of this.#turns.slice(0, this.#position)) await running.turn(input);
			return running;
		} catch (error) {
			await running.end();
			throw error;
		}
	}
}

/** Ignores SNAPSHOT_UNUSABLE: the turns so far can be sent to a guest that is restored from the initial snapshot. */
function ignoreUnusable(error: unknown): undefined {
	if (!(error instanceof HalfopenError) || error.code !== 'SNAPSHOT_UNUSABLE') throw error;
}

/**
 * Records the transcript of a guest and saves both when the lab is ready. This lab then continues with the restored
 * guest, as later labs do: a guest that was restored differs by some nanoseconds from one that kept running.
 */
export class RecordedGuest implements GuestTransport {
	readonly first: FromGuest;
	readonly #run: RunIdentity;
	readonly #folder: string;
	readonly #restore: (memory: string, signal: AbortSignal) => Promise<SavableGuest>;
	readonly #ended = new AbortController();
	#running: SavableGuest;
	/** Undefined once the transcript has been saved. */
	#turns: Turn[] | undefined = [];
	#saving: Promise<void> | undefined;

	constructor(
		run: RunIdentity,
		running: SavableGuest,
		folder: string,
		restore: (memory: string, signal: AbortSignal) => Promise<SavableGuest>,
	) {
		this.first = running.first;
		this.#run = run;
		this.#running = running;
		this.#folder = folder;
		this.#restore = restore;
	}

	async turn(input: ToGuest): Promise<FromGuest> {
		const output = await this.#running.turn(input);
		this.#turns?.push({ input, output });
		return output;
	}

	ready(): Promise<void> {
		this.#saving = this.#save({ first: this.first, turns: this.#turns ?? [] });
		this.#turns = undefined;
		return this.#saving;
	}

	async end(): Promise<void> {
		this.#ended.abort();
		await this.#running.end();
		await this.#saving?.catch(() => {});
		await this.#running.end();
	}

	async #save(transcript: Transcript): Promise<void> {
		await intoCache(async () => {
			await using unfinished = await unfinishedSnapshot(dirname(this.#folder), this.#run);
			await this.#running.save(join(unfinished.path, MEMORY));
			await writeFile(join(unfinished.path, TRANSCRIPT), JSON.stringify(transcript, asText));
			// If another lab has saved its transcript first, this one is discarded.
			await moveUnlessThere(unfinished.path, this.#folder);
		});
		await this.#running.end();
		this.#running = await this.#restore(join(this.#folder, MEMORY), this.#ended.signal);
	}
}

/**
 * Reads the transcript in a folder and the path of its snapshot. Returns undefined if there is none. A transcript that
 * cannot be parsed is removed.
 */
export async function readTranscript(folder: string): Promise<{ transcript: Transcript; memory: string } | undefined> {
	const text = await readFile(join(folder, TRANSCRIPT), 'utf8').catch(() => undefined);
	if (text === undefined) return undefined;
	const transcript = parseTranscript(text);
	if (transcript === undefined) await rm(folder, { recursive: true, force: true });
	else await markUsed(folder);
	return transcript && { transcript, memory: join(folder, MEMORY) };
}

function parseTranscript(text: string): Transcript | undefined {
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
