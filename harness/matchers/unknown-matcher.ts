import { HalfopenError } from '../errors.ts';
import { nearestNames } from '../util/nearest.ts';

/**
 * Returns the error for a matcher that does not exist.
 *
 * @param call the call as the spec wrote it: `expect(client).toHaveSoket`
 * @param name the name of the matcher alone
 * @param matchers the matchers that the value has
 * @param remedy default: one of the matchers
 */
export function unknownMatcher(
	call: string,
	name: string,
	matchers: readonly string[],
	remedy?: string,
): HalfopenError {
	return new HalfopenError('MATCHER_UNKNOWN', {
		problem: `The matcher ${call} does not exist.`,
		seen: remedy === undefined ? `nearest: ${nearestNames(name, matchers).join(', ')}` : undefined,
		remedy: remedy ?? `Use one of: ${matchers.join(', ')}.`,
	});
}
