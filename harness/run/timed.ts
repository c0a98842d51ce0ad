import { types } from 'node:util';
import type { Engine } from '../engines/engine.ts';
import type { Stopwatch } from './stopwatch.ts';

/** Measures the time that a scenario spends in the engine. */
export function timed(engine: Engine, stopwatch: Stopwatch): Engine {
	return {
		...engine,
		createLab: () =>
			stopwatch.during('engine', async () => {
				const lab = await engine.createLab();
				const { client, server } = lab.hosts;
				const hosts = { client: timedMethods(client, stopwatch), server: timedMethods(server, stopwatch) };
				return { ...timedMethods(lab, stopwatch), hosts };
			}),
	};
}

/** Wraps an object so that the time until a promise of its methods settles counts for the engine. */
function timedMethods<T extends object>(target: T, stopwatch: Stopwatch): T {
	return new Proxy(target, {
		get(_, name) {
			const member: unknown = Reflect.get(target, name, target);
			if (typeof member !== 'function') return member;
			return (...args: readonly unknown[]) => {
				const result: unknown = Reflect.apply(member, target, args);
				return types.isPromise(result) ? stopwatch.during('engine', () => result) : result;
			};
		},
	});
}
