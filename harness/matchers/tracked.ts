import type { LabContext } from '../lab/context.ts';
import { unknownMatcher } from './unknown-matcher.ts';

type TrackingContext = Pick<LabContext, 'pending' | 'endSignal'>;

/** Members of Jest's expectations that expectations of a lab do not have, with the remedy. */
const JEST_ONLY: Readonly<Record<string, string>> = {
	not:
		'Use a matcher for what must be there instead: toShowNoSegment, toHaveNoSocket, toBlock, ' +
		'toStaySilent({ forMs }), or another value or errno.',
	resolves: 'Omit it, and await the expectation itself.',
	rejects: 'Omit it, and await the expectation itself. For a call that fails, use toFailWith or toFail.',
};

/**
 * Wraps the matchers of an expectation. Each call is pending from its start, so an expectation that the spec does not
 * await fails the scenario at its end. An error after the end of the scenario is ignored, because it must not fail
 * another test or end the process.
 */
export function tracked<E extends object>(expectation: E, of: string, context: TrackingContext): E {
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
 * Throws MATCHER_UNKNOWN if a missing member has the name of a matcher. Other members may be missing: `await` reads
 * `then` of any object.
 */
function assertNoMatcher(expectation: object, name: string, of: string): void {
	const remedy = JEST_ONLY[name];
	if (remedy === undefined && !/^to[A-Z]/.test(name)) return;
	throw unknownMatcher(`expect(${of}).${name}`, name, matchersOf(Object.getPrototypeOf(expectation)), remedy);
}

/** Returns the names of the matchers that a class of expectations has. */
export function matchersOf(prototype: object): string[] {
	return Object.getOwnPropertyNames(prototype).filter((name) => name.startsWith('to'));
}

function track(call: () => unknown, description: string, { pending, endSignal }: TrackingContext): unknown {
	const others = pending.size;
	const work = call();
	if (!(work instanceof Promise)) return work;
	// Most matchers have already added a better description. Those that flush first have not.
	if (pending.size === others) pending.add(description);
	return new Promise((resolve, reject) => {
		work
			.finally(() => pending.delete(description))
			.then(resolve, (error: unknown) => {
				if (!endSignal.aborted) reject(error);
			});
	});
}
