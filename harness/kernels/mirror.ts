import { types } from 'node:util';
import { HalfopenError } from '../errors.ts';
import { isOfFiles } from './cache-errors.ts';

/** What a mirror answered: a body there is. */
export type Answer = Response & { readonly body: NonNullable<Response['body']> };

/** Asks for a file; throws where the answer is none that has it. */
export async function ask(url: string, headers: Readonly<Record<string, string>> = {}): Promise<Answer> {
	const response = await fetch(url, { headers });
	if (response.ok && response.body) return response as Answer;
	await response.body?.cancel();
	throw new Error(`HTTP ${response.status} ${response.statusText}`.trimEnd());
}

/** Does the work with one address after the other until it succeeds. DOWNLOAD_FAILED if it did with none; a full disk ends it at once. */
export async function fromAny<T>(urls: readonly string[], work: (url: string) => Promise<T>): Promise<T> {
	const failures: unknown[] = [];
	for (const url of urls) {
		try {
			return await work(url);
		} catch (error) {
			if (isOfThisMachine(error)) throw error;
			failures.push(error);
		}
	}
	throw failed(urls, failures);
}

function failed(urls: readonly string[], failures: readonly unknown[]): HalfopenError {
	const [first] = failures;
	if (failures.length === 1 && first instanceof HalfopenError) return first;
	return new HalfopenError('DOWNLOAD_FAILED', {
		problem: 'A file of Debian’s archive could not be fetched.',
		seen: failures.map((failure, index) => `${urls[index]}: ${reasonOf(failure)}`).join('\n'),
		remedy: 'see that this machine reaches the mirror (its address is apt’s), then run it again: it goes on where it was',
		cause: failures.at(-1),
	});
}

/** No other mirror would help. */
function isOfThisMachine(error: unknown): boolean {
	return error instanceof HalfopenError ? error.code !== 'DOWNLOAD_FAILED' : isOfFiles(error);
}

/** What is under “fetch failed” and “terminated” says more. */
function reasonOf(error: unknown): string {
	if (error instanceof HalfopenError) return [error.problem, error.seen].filter(Boolean).join(' ');
	// Errors of fetch are no instances of the Error that Jest's tests know.
	if (!types.isNativeError(error)) return String(error);
	return types.isNativeError(error.cause) ? reasonOf(error.cause) : error.message || String((error as NodeJS.ErrnoException).code);
}
