import { HalfopenError } from '../errors.ts';
import type { LabContext } from '../lab/context.ts';
import { nearestNames } from '../util/nearest.ts';

type Awaited = Pick<LabContext, 'pending' | 'endSignal'>;

/** What Jest offers and a lab does not, and what to write instead. */
const JEST_ONLY: Readonly<Record<string, string>> = {
	not:
		'Use a matcher for what must be there instead: toShowNoSegment, toHaveNoSocket, toBlock, ' +
		'toStaySilent({ forMs }), or another value or errno.',
	resolves: 'Leave it out, and await the expectation itself.',
	rejects: 'Leave it out, and await the expectation itself. For a call that fails, use toFailWith or toFail.',
};

/**
 * Minds each call of an expectation from its first moment: one that is not awaited is known when the scenario ends, and
 * what becomes of it after that is nobody's business; it must not fail another test, or end the process.
 */
export function tracked<E extends object>(expectation: E, of: string, context: Awaited): E {
	return new Proxy(expectation, {
		get(target, name) {
			const member: unknown = Reflect.get(target, name);
			if (member === undefined && typeof name === 'string') assertNoMatcher(target, name, of);
			if (typeof member !== 'function') return member;
			return (...args: readonly unknown[]) =>
				track(() => member.apply(target, args), `expect(${of}).${String(name)}`, context);
		},
	});
}

/**
 * Refuses what is meant as a matcher and is none; what else is asked of an object (`then`, by `await`) is no concern.
 */
function assertNoMatcher(expectation: object, name: string, of: string): void {
	const instead = JEST_ONLY[name];
	if (instead === undefined && !/^to[A-Z]/.test(name)) return;
	const matchers = Object.getOwnPropertyNames(Object.getPrototypeOf(expectation)).filter((one) => one.startsWith('to'));
	throw new HalfopenError('MATCHER_UNKNOWN', {
		problem: `The matcher expect(${of}).${name} does not exist.`,
		seen: instead === undefined ? `nearest: ${nearestNames(name, matchers).join(', ')}` : undefined,
		remedy: instead ?? `Use one of: ${matchers.join(', ')}.`,
	});
}

function track(call: () => unknown, words: string, { pending, endSignal }: Awaited): unknown {
	const others = pending.size;
	const work = call();
	if (!(work instanceof Promise)) return work;
	// Mostly it says by itself what it waits for, in better words; but some look first.
	if (pending.size === others) pending.add(words);
	return new Promise((resolve, reject) => {
		work
			.finally(() => pending.delete(words))
			.then(resolve, (error: unknown) => {
				if (!endSignal.aborted) reject(error);
			});
	});
}
