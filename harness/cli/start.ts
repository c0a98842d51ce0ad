import { join } from 'node:path';
import { Command } from 'commander';
import { runJest, runMain } from '../report/run-jest.ts';
import { listSpecs, specNamed, specTable } from '../report/spec-list.ts';
import { widthOf } from '../report/terminal.ts';
import { PROJECT_ROOT } from '../util/project-root.ts';
import { forEngine } from './engine-arguments.ts';

const DEFAULT_SPEC = 'abrupt-reboot';
const START_REPORTER = join(PROJECT_ROOT, 'harness', 'report', 'start-reporter.ts');

const command = new Command('npm start --')
	.description(
		'Runs one spec with Jest. Prints its question, draws the ladder while the spec runs, and prints the answer.',
	)
	.argument('[name]', 'name of the spec', DEFAULT_SPEC)
	.option('--list', 'list all specs with their questions')
	.action(async (name: string, { list }: { list?: boolean }) => {
		const specs = await listSpecs(join(PROJECT_ROOT, 'specs'));
		if (list) {
			process.stdout.write(`${specTable(specs, widthOf(process.stdout, { least: 60, most: 120 })).join('\n')}\n`);
			return;
		}
		const spec = specNamed(name, specs);
		await runJest(forEngine(['--runTestsByPath', spec.path, `--reporters=${START_REPORTER}`]));
	});

await runMain(() => command.parseAsync());
