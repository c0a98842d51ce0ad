import { Command } from 'commander';
import { fromProjectRoot } from '../harness/report/artifacts.ts';
import { runMain } from '../harness/report/run-jest.ts';
import { exceeded } from './allowed.ts';
import { MEASURED } from './bare.ts';
import { measureLabs } from './labs.ts';
import { report } from './report.ts';
import { BENCH_FILE, type BenchResults, HISTORY, merged, readResults, writeResults } from './results.ts';
import { measureScale } from './scale.ts';
import { measureSuite, unavailable } from './suite.ts';
import { loadOf, nameOfResults, say } from './surroundings.ts';

const command = new Command('npm run bench --')
	.description(
		'Measures how long labs take, compared with the engine alone, and what large timelines cost. Writes the results ' +
			'to reports/bench.json. Exits with 1 if a limit is exceeded.',
	)
	.option('--suite', 'also run the whole suite once on each available engine')
	.action(async ({ suite = false }: { suite?: boolean }) => {
		let now = merged(await measureLabs(), await historyOfMany());
		await writeResults(merged(await readResults(), now));
		for (const name of suite ? MEASURED : []) now = merged(now, await suiteOn(name));
		const results = merged(await readResults(), now);
		await writeResults(results);
		process.stdout.write(`\n${report(now)}\n\n${fromProjectRoot(BENCH_FILE)} contains these and earlier results.\n`);
		const failures = exceeded(now);
		if (failures.length === 0) return;
		process.stderr.write(`\n${failures.join('\n')}\n`);
		process.exitCode = 1;
	});

async function historyOfMany(): Promise<BenchResults> {
	const { result, ...when } = await loadOf(measureScale);
	return { [HISTORY]: { scale: { ...when, ...result } } };
}

async function suiteOn(engine: string): Promise<BenchResults> {
	const reason = await unavailable(engine);
	if (reason === undefined) return { [nameOfResults(engine)]: { suite: await measureSuite(engine) } };
	say(`${engine}: the suite is skipped. ${reason}`);
	return {};
}

await runMain(() => command.parseAsync());
