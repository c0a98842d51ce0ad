import { orExplain, runJest } from '../report/run-jest.ts';
import { forEngine } from './engine-arguments.ts';
import { checkTypesOf } from './spec-types.ts';

/**
 * `npm test -- <any argument of Jest>`. The project that kills runs asks how quickly they are swept, so it wants a
 * machine that does nothing else: it runs by itself, as `npm run test:kills`.
 */
const args = forEngine(process.argv.slice(2));
const chosen = args.some((argument) => /^--(select|ignore)Projects\b/.test(argument));
const wrongTypes = checkTypesOf(args);
// Behind all else: an option that takes a list takes every word that follows it.
await orExplain(() => runJest(chosen ? args : [...args, '--ignoreProjects', 'kills']));
process.stderr.write(await wrongTypes());
