import { SEED_VARIABLE } from '../engines/vm/runner.ts';
import { orExplain, runJest } from '../report/run-jest.ts';
import { ENGINE_VARIABLE } from '../run/engines.ts';

/**
 * `npm test -- <any argument of Jest>`. The project that kills runs asks how quickly they are swept, so it wants a machine that does nothing else:
 * it runs by itself, as `npm run test:kills`.
 */
const args = process.argv.slice(2);
const has = (option: string) => args.some((argument) => argument === option || argument.startsWith(`${option}=`));
const chosen = args.some((argument) => /^--(select|ignore)Projects\b/.test(argument));
// Jest has a seed, too: the same number then says in which order tests run, and what the random numbers of guests are made of.
const seed = /--seed[= ](\d+)/.exec(args.join(' '))?.[1];
if (seed !== undefined) process.env[SEED_VARIABLE] ??= seed;
// A guest and its worker take a core by turns; more of them only take memory.
const guests = process.env[ENGINE_VARIABLE] === 'vm';
if (guests && !has('--maxWorkers') && !has('--runInBand')) args.unshift('--maxWorkers=2');
if (guests && !has('--maxConcurrency')) args.unshift('--maxConcurrency=1');
// Behind all else: an option that takes a list takes every word that follows it.
await orExplain(() => runJest(chosen ? args : [...args, '--ignoreProjects', 'kills']));
