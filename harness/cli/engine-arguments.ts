import { SEED_VARIABLE } from '../engines/vm/runner.ts';
import { ENGINE_VARIABLE } from '../run/choose-engine.ts';

/** A guest and its worker take turns on one core. More guests at once would only use more memory. */
const GUESTS_AT_ONCE = 2;

/**
 * Returns Jest's arguments with the defaults of the chosen engine. `--seed` sets Jest's seed (the order of tests) and
 * the seed of the guests' random numbers.
 */
export function forEngine(args: readonly string[], environment = process.env): string[] {
	const seed = /(?:^| )--seed[= ](\d+)/.exec(args.join(' '))?.[1];
	if (seed !== undefined) environment[SEED_VARIABLE] ??= seed;
	if (environment[ENGINE_VARIABLE] !== 'vm') return [...args];
	const has = (...options: string[]) => args.some((argument) => options.includes(argument.split('=')[0] ?? ''));
	return [
		...(has('--maxWorkers', '-w', '--runInBand', '-i') ? [] : [`--maxWorkers=${GUESTS_AT_ONCE}`]),
		...(has('--maxConcurrency') ? [] : ['--maxConcurrency=1']),
		...args,
	];
}
