import { Command } from 'commander';
import { writeMatrix } from '../report/matrix/write-matrix.ts';
import { orExplain } from '../report/run-jest.ts';

const command = new Command('npm run matrix --')
	.description('Writes reports/matrix.md and reports/matrix.html: every claim, and what was found about it on each engine and kernel.')
	.argument('[files...]', 'claims.json of other checkouts or machines, to be shown beside reports/claims.json')
	.action(async (files: string[]) => {
		process.stdout.write(`${(await writeMatrix(files)).join('\n')}\n`);
	});

await orExplain(() => command.parseAsync());
