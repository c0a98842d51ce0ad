import { HalfopenError } from '../../errors.ts';

interface ApiError {
	readonly statusCode?: number;
	readonly code?: string;
	readonly message?: string;
}

/** The engine's answer 404: the thing is not there. */
export function isMissing(error: unknown): boolean {
	return (error as ApiError).statusCode === 404;
}

/** The engine's answer 409: being removed already, or taken. */
export function isConflict(error: unknown): boolean {
	return (error as ApiError).statusCode === 409;
}

/** The engine's refusal of a subnet that another network has. */
export function isTakenSubnet(error: unknown): boolean {
	return /pool overlaps|overlaps with other one/i.test((error as ApiError).message ?? '');
}

/** Says what an error of the engine's API means for a reader. */
export function engineError(doing: string, error: unknown): HalfopenError {
	if (error instanceof HalfopenError) return error;
	const { statusCode, message } = error as ApiError;
	if (statusCode === undefined) {
		return new HalfopenError('ENGINE_GONE', {
			problem: `The Docker engine went away while ${doing}.`,
			seen: message,
			remedy:
				'Look at the log of the engine, start it again with `npm run setup`, and repeat the run. What was left is ' +
				'removed then.',
			cause: error,
		});
	}
	return new HalfopenError('ENGINE_REFUSED', {
		problem: `The Docker engine refused while ${doing}.`,
		seen: message,
		remedy: 'Read its answer above; `npm run setup` checks engine and image.',
		cause: error,
	});
}

/** Runs one conversation with the engine, and names it in what goes wrong. */
export async function withEngineErrors<T>(doing: string, work: () => Promise<T>): Promise<T> {
	try {
		return await work();
	} catch (error) {
		throw engineError(doing, error);
	}
}
