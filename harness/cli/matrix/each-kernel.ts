import { mkdir, rm } from 'node:fs/promises';
import { release } from 'node:os';
import { join } from 'node:path';
import { execa } from 'execa';
import { getContainerRuntimeClient } from 'testcontainers';
import type { Environment } from '../../claims/environment.ts';
import { KERNEL_VARIABLE } from '../../engines/vm/runner.ts';
import { HalfopenError } from '../../errors.ts';
import { preparedKernel } from '../../kernels/prepared.ts';
import { environmentFolder, fromProjectRoot, REPORTS } from '../../report/artifacts.ts';
import { collect } from '../../report/collect.ts';
import { missingSpecs, nameOf, type Trouble } from '../../report/matrix/columns.ts';
import { specFiles } from '../../report/spec-list.ts';
import { chooseEngine, ENGINE_VARIABLE } from '../../run/choose-engine.ts';
import { PROJECT_ROOT } from '../../util/project-root.ts';
import { type StepProgress, step } from '../setup/steps.ts';

const LOGS = join(REPORTS, 'matrix-logs');
const GUESTS = 'vm';
const DOCKER = 'docker';

/** A run of all specs on one kernel. */
interface KernelRun {
	/** A name for messages: `vm 6.1`. */
	readonly name: string;
	/** The engine and kernel under which its results are stored. */
	readonly place: Environment;
	readonly environment: Readonly<Record<string, string>>;
}

/**
 * Runs all specs on each of these kernels, in guests, and then on this machine's own kernel: one after the other,
 * because each run uses the whole machine. Earlier results are removed before the first run, so that an interrupted run
 * leaves no old rows. Returns what went wrong. Rejects before anything is removed if a kernel is not prepared.
 */
export async function runSpecs(kernels: readonly string[]): Promise<Trouble[]> {
	const kernelRuns = [...(await Promise.all(kernels.map(inGuests))), await onThisKernel()];
	await mkdir(LOGS, { recursive: true });
	for (const { place } of kernelRuns) await rm(environmentFolder(place), { recursive: true, force: true });
	const troubles: Trouble[] = [];
	for (const kernelRun of kernelRuns) troubles.push(...(await runOne(kernelRun)));
	return troubles;
}

/** Parses the option's value: `5.10,6.1`. */
export function kernelsIn(list: string): string[] {
	const names = [...new Set(list.split(',').map((name) => name.trim()))];
	if (!names.includes('')) return names;
	throw new HalfopenError('OPTION_INVALID', {
		problem: 'The list of kernels has an empty name.',
		seen: `--kernels ${JSON.stringify(list)}`,
		remedy:
			'Separate the names by single commas: `--kernels 5.10,6.1`. `npm run kernels -- --list` shows which kernels ' +
			'are prepared.',
	});
}

async function inGuests(name: string): Promise<KernelRun> {
	const kernel = await preparedKernel(name);
	return {
		name: `${GUESTS} ${name}`,
		place: { engine: GUESTS, kernel: kernel.release },
		environment: { [ENGINE_VARIABLE]: GUESTS, [KERNEL_VARIABLE]: name },
	};
}

/** Uses the engine that a run would use, except vm: its guests do not use this machine's kernel. */
async function onThisKernel(): Promise<KernelRun> {
	const wanted = process.env[ENGINE_VARIABLE];
	const runner = await chooseEngine(wanted === GUESTS ? '' : wanted);
	// Rejects with the reason if the engine cannot be reached.
	await runner.runs();
	const { name: engine } = runner;
	const kernel = engine === DOCKER ? await kernelOfDocker() : release();
	return { name: engine, place: { engine, kernel }, environment: { [ENGINE_VARIABLE]: engine } };
}

/** Docker may run on another machine, or in a virtual machine. */
async function kernelOfDocker(): Promise<string> {
	const { container } = await getContainerRuntimeClient();
	return (await container.dockerode.version()).KernelVersion;
}

async function runOne({ name, place, environment }: KernelRun): Promise<Trouble[]> {
	const log = join(LOGS, `${name.replace(' ', '-')}.log`);
	const status = await step(`All specs on ${name} (${fromProjectRoot(log)})`, (progress) =>
		npmTest(environment, log, progress),
	);
	const { runs } = (await collect(REPORTS, async () => {})).results;
	const specs = await specFiles();
	const missing = missingSpecs(specs, runs, place);
	const ended =
		status ??
		(missing.length === 0
			? undefined
			: `left nothing of ${missing.length} of ${specs.length} spec files on ${nameOf(place)}`);
	return ended === undefined
		? []
		: [{ what: `${name}: npm test -- specs ${ended}; ${fromProjectRoot(log)} shows why`, environment: place }];
}

/** Runs `npm test`. Returns a description of the failure, or undefined if the run passed. */
async function npmTest(
	environment: KernelRun['environment'],
	log: string,
	progress: StepProgress,
): Promise<string | undefined> {
	const output = ['pipe', { file: log }] as const;
	const test = execa('npm', ['test', '--', 'specs'], {
		cwd: PROJECT_ROOT,
		env: environment,
		stdin: 'ignore',
		all: true,
		stdout: output,
		stderr: output,
		buffer: false,
		reject: false,
	});
	for await (const line of test.iterable({ from: 'all' })) progress.busy(line);
	const { failed, exitCode, signal, shortMessage } = await test;
	if (!failed) return undefined;
	const status = exitCode === undefined ? (signal ?? shortMessage) : `status ${exitCode}`;
	progress.line(`ended with ${status}`);
	return `ended with ${status}`;
}
