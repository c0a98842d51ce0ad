import type { LabContext } from '../context.ts';

type Awaited = Pick<LabContext, 'pending' | 'over'>;

/**
 * Minds each call of an expectation from its first moment: one that is not awaited is known when the scenario ends, and what becomes of it
 * after that is nobody's business; it must not fail another test, or end the process.
 */
export function minded<E extends object>(expectation: E, of: string, context: Awaited): E {
	return new Proxy(expectation, {
		get(target, name) {
			const member: unknown = Reflect.get(target, name);
			if (typeof member !== 'function') return member;
			return (...args: readonly unknown[]) => mind(() => member.apply(target, args), `expect(${of}).${String(name)}`, context);
		},
	});
}

function mind(call: () => unknown, words: string, { pending, over }: Awaited): unknown {
	const others = pending.size;
	const work = call();
	if (!(work instanceof Promise)) return work;
	// Mostly it says by itself what it waits for, in better words; but some look first.
	if (pending.size === others) pending.add(words);
	return new Promise((resolve, reject) => {
		work
			.finally(() => pending.delete(words))
			.then(resolve, (error: unknown) => {
				if (!over.aborted) reject(error);
			});
	});
}
