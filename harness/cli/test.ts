import { runJest, runMain } from '../report/run-jest.ts';
import { forEngine } from './engine-arguments.ts';
import { checkTypesOf } from './spec-types.ts';

/**
 * `npm test -- <any argument of Jest>`. The project `kills` is left out unless the user selects projects: it measures
 * how quickly killed runs are swept, so it needs an idle machine and has its own command, `npm run test:kills`.
 */
const args = forEngine(process.argv.slice(2));
const selectsProjects = args.some((argument) => /^--(select|ignore)Projects\b/.test(argument));
const typeErrors = checkTypesOf(args);
// The option comes last, because an option with a list takes every word that follows it.
await runMain(() => runJest(selectsProjects ? args : [...args, '--ignoreProjects', 'kills']));
process.stderr.write(await typeErrors());
