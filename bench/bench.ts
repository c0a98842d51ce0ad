import { Command } from 'commander';
import { fromProjectRoot } from '../harness/report/artifacts.ts';
import { orExplain } from '../harness/report/run-jest.ts';
import { exceeded } from './allowed.ts';
import { MEASURED } from './bare.ts';
import { measureLabs } from './labs.ts';
import { report } from './report.ts';
import { BENCH_FILE, HISTORY, merged, type Results, readResults, writeResults } from './results.ts';
import { measureScale } from './scale.ts';
import { measureSuite, unavailable } from './suite.ts';
import { loadOf, nameOfResults, say } from './surroundings.ts';

const command = new Command('npm run bench --')
	.description(
		'What labs cost, beside what the engine costs alone: side by side, on this machine, now. Ends with status 1 ' +
			'where something takes longer than is allowed.',
	)
	.option('--suite', 'also run the whole suite, once on each engine that is there')
	.action(async ({ suite = false }: { suite?: boolean }) => {
		let now = merged(await measureLabs(), await historyOfMany());
		await writeResults(merged(await readResults(), now));
		for (const name of suite ? MEASURED : []) now = merged(now, await suiteOn(name));
		const results = merged(await readResults(), now);
		await writeResults(results);
		process.stdout.write(
			`\n${report(now)}\n\n${fromProjectRoot(BENCH_FILE)} has them, too, beside what was measured before.\n`,
		);
		const tooMuch = exceeded(now);
		if (tooMuch.length === 0) return;
		process.stderr.write(`\n${tooMuch.join('\n')}\n`);
		process.exitCode = 1;
	});

async function historyOfMany(): Promise<Results> {
	const { result, ...when } = await loadOf(measureScale);
	return { [HISTORY]: { scale: { ...when, ...result } } };
}

async function suiteOn(engine: string): Promise<Results> {
	const why = await unavailable(engine);
	if (why === undefined) return { [nameOfResults(engine)]: { suite: await measureSuite(engine) } };
	say(`${engine}: no suite. ${why}`);
	return {};
}

await orExplain(() => command.parseAsync());
