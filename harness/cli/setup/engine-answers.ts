import { createInterface } from 'node:readline';
import type Dockerode from 'dockerode';

/** A message that the engine sends during a pull, an import or a build. */
export interface EngineMessage {
	readonly status?: string;
	readonly stream?: string;
	readonly id?: string;
	readonly error?: string;
}

/** The reason, given by a working engine, why it could not carry out a request. */
export class ReportedError extends Error {}

/** Reads an answer of the engine to its end. Rejects with `ReportedError` if the answer contains an error. */
export async function follow(
	answer: NodeJS.ReadableStream,
	onMessage: (message: EngineMessage) => void,
): Promise<void> {
	for await (const line of createInterface({ input: answer })) {
		if (line.trim() === '') continue;
		const message = JSON.parse(line) as EngineMessage;
		if (message.error !== undefined) throw new ReportedError(message.error);
		onMessage(message);
	}
}

/** Whether the engine has an image of this name. */
export async function hasImage(docker: Dockerode, name: string): Promise<boolean> {
	try {
		await docker.getImage(name).inspect();
		return true;
	} catch (error) {
		if ((error as { statusCode?: number }).statusCode === 404) return false;
		throw error;
	}
}

/** Returns the message of an error, without the HTTP status of the engine's API. */
export function reasonOf(error: unknown): string {
	const message = error instanceof Error ? error.message : String(error);
	return message.replace(/^\(HTTP code \d+\) [^-]* - /, '').trim();
}
