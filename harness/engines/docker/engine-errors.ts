import { HalfopenError } from '../../errors.ts';

interface ApiError {
	readonly statusCode?: number;
	readonly code?: string;
	readonly message?: string;
}

/** Whether the object does not exist (HTTP status 404). */
export function isMissing(error: unknown): boolean {
	return (error as ApiError).statusCode === 404;
}

/** Whether the object is being removed, or its name is taken (HTTP status 409). */
export function isConflict(error: unknown): boolean {
	return (error as ApiError).statusCode === 409;
}

/**
 * Translates an error of the engine's API: ENGINE_GONE if there was no answer, else ENGINE_REFUSED. `doing` completes
 * “while …”.
 */
export function engineError(doing: string, error: unknown): HalfopenError {
	if (error instanceof HalfopenError) return error;
	const { statusCode, message } = error as ApiError;
	if (statusCode === undefined) {
		return new HalfopenError('ENGINE_GONE', {
			problem: `The Docker engine ended while ${doing}.`,
			seen: message,
			remedy:
				'Read the engine’s log, start it again with `npm run setup`, and run the tests again. The new run removes ' +
				'what this one left.',
			cause: error,
		});
	}
	return new HalfopenError('ENGINE_REFUSED', {
		problem: `The Docker engine returned an error while ${doing}.`,
		seen: message,
		remedy: 'Correct what the engine reports. `npm run setup` checks engine and image.',
		cause: error,
	});
}

/** Runs `work` and translates the engine's errors. `doing` completes “while …”. */
export async function withEngineErrors<T>(doing: string, work: () => Promise<T>): Promise<T> {
	try {
		return await work();
	} catch (error) {
		throw engineError(doing, error);
	}
}
