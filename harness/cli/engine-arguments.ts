import { SEED_VARIABLE } from '../engines/vm/runner.ts';
import { ENGINE_VARIABLE } from '../run/engines.ts';

/** A guest and its worker take a core by turns: more of them at once only take memory. */
const GUESTS_AT_ONCE = 2;

/**
 * Arguments for Jest, with what the chosen engine makes of them. Jest has a seed, too: the same number then says in
 * which order tests run, and what the random numbers of guests are made of.
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
