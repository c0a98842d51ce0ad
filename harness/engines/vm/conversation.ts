import { mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { Given, Left } from './meeting.ts';
import type { Partner, Running } from './running.ts';

/** What harness and guest said to each other while a lab was made. */
export interface Conversation {
	readonly first: Left;
	readonly turns: readonly Turn[];
}

interface Turn {
	readonly given: Given;
	readonly left: Left;
}

const MEMORY = 'memory';
const TURNS = 'conversation.json';

/**
 * All labs are made alike, and a guest whose time stands still while the harness thinks says the same to the same. So what was said while the first
 * was made is kept, with the guest as it was at the end, and said again, without a guest, while later ones are made.
 */
export class Rehearsed implements Partner {
	readonly first: Left;
	readonly #conversation: Conversation;
	readonly #atTheEnd: Promise<Running>;
	readonly #atTheBeginning: () => Promise<Running>;
	#at = 0;
	#running: Running | undefined;

	/** `atTheEnd` restores the guest of the end of the conversation, and is begun at once; the other is needed if somebody says something else. */
	constructor(conversation: Conversation, atTheEnd: () => Promise<Running>, atTheBeginning: () => Promise<Running>) {
		this.first = conversation.first;
		this.#conversation = conversation;
		this.#atTheEnd = atTheEnd();
		this.#atTheEnd.catch(() => {});
		this.#atTheBeginning = atTheBeginning;
	}

	async turn(given: Given): Promise<Left> {
		const known = this.#running ? undefined : this.#conversation.turns[this.#at];
		if (known && isSame(known.given, given)) {
			this.#at++;
			return known.left;
		}
		this.#running ??= await this.#whoWouldBeHere();
		return this.#running.turn(given);
	}

	async ready(): Promise<void> {}

	async end(): Promise<void> {
		await Promise.all([this.#running?.end(), this.#atTheEnd.then((running) => running.end()).catch(() => {})]);
	}

	/** The guest after all that has been said. */
	async #whoWouldBeHere(): Promise<Running> {
		const { turns } = this.#conversation;
		if (this.#at === turns.length) return this.#atTheEnd;
		await this.#atTheEnd.then((running) => running.end());
		const running = await this.#atTheBeginning();
		for (const { given } of turns.slice(0, this.#at)) await running.turn(given);
		return running;
	}
}

/** A guest whose conversation is kept when the lab is ready. */
export class Recorded implements Partner {
	readonly first: Left;
	readonly #running: Running;
	readonly #folder: string;
	readonly #turns: Turn[] = [];

	constructor(running: Running, folder: string) {
		this.first = running.first;
		this.#running = running;
		this.#folder = folder;
	}

	async turn(given: Given): Promise<Left> {
		const left = await this.#running.turn(given);
		this.#turns.push({ given, left });
		return left;
	}

	async ready(): Promise<void> {
		const unfinished = join(dirname(this.#folder), `.${process.pid}.unfinished`);
		try {
			await mkdir(unfinished);
			await this.#running.save(join(unfinished, MEMORY));
			const conversation: Conversation = { first: this.first, turns: this.#turns.splice(0) };
			await writeFile(join(unfinished, TURNS), JSON.stringify(conversation, asText));
			// Where another lab was quicker, this one is not needed.
			await rename(unfinished, this.#folder).catch(() => {});
		} finally {
			await rm(unfinished, { recursive: true, force: true });
		}
	}

	end(): Promise<void> {
		return this.#running.end();
	}
}

/** The conversation that is kept in a folder, if there is one, and the guest as it was at the end. */
export async function kept(folder: string): Promise<{ conversation: Conversation; memory: string } | undefined> {
	const text = await readFile(join(folder, TURNS), 'utf8').catch(() => undefined);
	if (text === undefined) return undefined;
	return { conversation: JSON.parse(text, asValue) as Conversation, memory: join(folder, MEMORY) };
}

function isSame(one: Given, other: Given): boolean {
	return one.deadline === other.deadline && one.bytes.equals(other.bytes) && one.renew === other.renew;
}

const asText = (_key: string, value: unknown) => (typeof value === 'bigint' ? { nanoseconds: String(value) } : value);

function asValue(_key: string, value: unknown): unknown {
	if (typeof value !== 'object' || value === null) return value;
	if ('nanoseconds' in value) return BigInt(String(value.nanoseconds));
	return 'type' in value && value.type === 'Buffer' && 'data' in value ? Buffer.from(value.data as number[]) : value;
}
