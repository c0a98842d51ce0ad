import { Command } from 'commander';
import { isSound } from '../report/matrix/model.ts';
import { writeDocs } from '../report/matrix/write-docs.ts';
import { saidOf, writeMatrix } from '../report/matrix/write-matrix.ts';
import { orExplain } from '../report/run-jest.ts';
import { kernelsIn, runSpecs } from './matrix/each-kernel.ts';

interface Options {
	readonly kernels?: string[];
	readonly docs?: boolean;
}

const command = new Command('npm run matrix --')
	.description(
		'Writes reports/matrix.md and reports/matrix.html: every claim and every duration, and what was found about it on each engine and kernel. Ends with status 1 where a run failed or is missing, or something differs and no known change explains it.',
	)
	.argument('[folders...]', 'reports of other checkouts or machines, to be shown beside those of this one')
	.option('--kernels <list>', 'first run all specs on each of these kernels (5.10,6.1), and on this machine’s own', kernelsIn)
	.option('--docs', 'also write docs/matrix.md, and the durations into the README')
	.action(async (folders: string[], { kernels = [], docs = false }: Options) => {
		const matrix = await writeMatrix(folders, kernels.length > 0 ? await runSpecs(kernels) : []);
		if (docs) await writeDocs(matrix);
		const written = ['reports/matrix.md', 'reports/matrix.html', ...(docs ? ['docs/matrix.md', 'README.md'] : [])];
		process.stdout.write(`${written.join(', ')}: ${saidOf(matrix).join('\n')}\n`);
		if (!isSound(matrix)) process.exitCode = 1;
	});

await orExplain(() => command.parseAsync());
