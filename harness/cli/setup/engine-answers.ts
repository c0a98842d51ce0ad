import { createInterface } from 'node:readline';
import type Dockerode from 'dockerode';

/** One message of the engine while it pulls, imports or builds. */
export interface EngineMessage {
	readonly status?: string;
	readonly stream?: string;
	readonly id?: string;
	readonly error?: string;
}

/** What the engine was told to do has failed, and it says why; the engine itself is well. */
export class ReportedError extends Error {}

/** Follows an answer of the engine to its end, and throws the error that is told within it. */
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

/** Whether the engine has an image of that name. */
export async function hasImage(docker: Dockerode, name: string): Promise<boolean> {
	try {
		await docker.getImage(name).inspect();
		return true;
	} catch (error) {
		if ((error as { statusCode?: number }).statusCode === 404) return false;
		throw error;
	}
}

/** What an error says, without the HTTP around it where it came from the engine. */
export function reasonOf(error: unknown): string {
	const said = error instanceof Error ? error.message : String(error);
	return said.replace(/^\(HTTP code \d+\) [^-]* - /, '').trim();
}
