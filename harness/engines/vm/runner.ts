import { HalfopenError } from '../../errors.ts';
import { preparedKernel } from '../../kernels/prepared.ts';
import type { EngineRunner, OpenRun, Run, RunIdentity } from '../engine.ts';
import { markedRuns, sweepMarked } from '../sweep-marked.ts';
import type { VmFacts } from './connect.ts';
import { ensureSnapshot } from './snapshot.ts';
import { sweepUnfinished } from './snapshots-folder.ts';

/** The environment variables that select the kernel and the seed of random numbers. */
export const KERNEL_VARIABLE = 'HALFOPEN_KERNEL';
export const SEED_VARIABLE = 'HALFOPEN_SEED';

export const vmRunner: EngineRunner = {
	name: 'vm',

	async open(run: Run): Promise<OpenRun> {
		const seed = seedOf(process.env[SEED_VARIABLE] ?? '0');
		const kernel = await preparedKernel(wantedKernel());
		const { memory, ready, sysctls, qemu } = await ensureSnapshot(run, kernel, run.directory);
		const facts: VmFacts = { kernel: kernel.image, version: kernel.version ?? '', memory, ready, sysctls, qemu, seed };
		return { facts, close: async () => {} };
	},

	runs: () => markedRuns('vm'),

	async sweep(run: RunIdentity, { quietMs = 0 } = {}) {
		const processes = await sweepMarked('vm', run, quietMs);
		return [...processes, ...(await sweepUnfinished(run))];
	},
};

function wantedKernel(): string {
	const name = process.env[KERNEL_VARIABLE];
	if (name) return name;
	throw new HalfopenError('OPTION_MISSING', {
		problem: 'No kernel was chosen for the guests.',
		remedy: `Choose one: ${KERNEL_VARIABLE}=6.1. \`npm run kernels -- --list\` shows which kernels are prepared.`,
	});
}

/** A seed of 0 keeps the random numbers of the snapshot. */
function seedOf(text: string): string {
	if (/^\d{1,18}$/.test(text)) return text;
	throw new HalfopenError('OPTION_INVALID', {
		problem: 'The seed is not a whole number of at most 18 digits.',
		seen: `${SEED_VARIABLE}=${text}`,
		remedy: 'Give a number: `npm test -- --seed 7`.',
	});
}
