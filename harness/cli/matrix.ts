import { Command } from 'commander';
import { nameOf } from '../report/matrix/columns.ts';
import { isSound } from '../report/matrix/model.ts';
import { writeDocs } from '../report/matrix/write-docs.ts';
import { summaryOf, writeMatrix } from '../report/matrix/write-matrix.ts';
import { runMain } from '../report/run-jest.ts';
import { kernelsIn, runSpecs } from './matrix/each-kernel.ts';

interface MatrixOptions {
	readonly kernels?: string[];
	readonly docs?: boolean;
}

const command = new Command('npm run matrix --')
	.description(
		'Writes a matrix to reports/matrix.md and reports/index.html: the result of every claim and every measured ' +
			'duration, for each engine and kernel. Exits with 1 if a run failed or is missing, if a difference is not ' +
			'explained by a known change, or if a known change no longer explains anything. A column in which only some ' +
			'specs ran is marked. It is an error only if --kernels requested all specs.',
	)
	.argument('[folders...]', 'reports of other checkouts or machines, to add to those of this one')
	.option(
		'--kernels <list>',
		'first run all specs on each of these kernels (5.10,6.1) and on the kernel of this machine',
		kernelsIn,
	)
	.option('--docs', 'also write docs/matrix.md and the durations in README.md, from the columns in which all specs ran')
	.action(async (folders: string[], { kernels = [], docs = false }: MatrixOptions) => {
		const { matrix, whole } = await writeMatrix(folders, kernels.length > 0 ? await runSpecs(kernels) : []);
		process.stdout.write(`reports/matrix.md, reports/index.html: ${summaryOf(matrix).join('\n')}\n`);
		if (!isSound(matrix)) process.exitCode = 1;
		if (!docs) return;
		await writeDocs(whole);
		process.stdout.write(`docs/matrix.md, README.md: ${whole.columns.map(nameOf).join(', ')}\n`);
	});

await runMain(() => command.parseAsync());
