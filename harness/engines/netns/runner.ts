import { setTimeout as wait } from 'node:timers/promises';
import { HalfopenError } from '../../errors.ts';
import { runCommand } from '../../util/run-command.ts';
import { assertBinaries } from '../binaries.ts';
import type { EngineRunner, OpenRun, Run, RunIdentity } from '../engine.ts';
import { unshareWire, whatIsNeeded } from '../namespaces/namespace-process.ts';
import type { Platform } from '../namespaces/platform.ts';
import { reserveBlocks } from '../reserve-blocks.ts';
import { markedRuns, sweepMarked } from '../sweep-marked.ts';
import { LIST_SYSCTLS } from '../sysctl-names.ts';
import { forgetCommand } from '../trace-recorder.ts';
import type { NetnsFacts } from './connect.ts';
import { tryLayers } from './file-system.ts';
import { localPlatform } from './local-platform.ts';
import { startRecorder } from './recorder.ts';

/** How often it is looked whether what was killed is gone. */
const LOOK_MS = 50;
const LIMIT_MS = 20_000;

export const netnsRunner: EngineRunner = {
	name: 'netns',

	async open(run: Run): Promise<OpenRun> {
		const made = await assertBinaries();
		const ground = localPlatform(run, made);
		// Before anything is started: where no namespace can be made, nothing is left to be ended.
		const [sysctls, version, unfit] = await Promise.all([
			readSysctlNames(ground),
			versionOf('unshare'),
			unfitFolders(ground),
		]);
		const recorder = await startRecorder(run);
		const blocks = await reserveBlocks();
		const facts: NetnsFacts = {
			...made,
			version,
			firstBlock: String(blocks.first),
			sysctls,
			unfit: JSON.stringify(unfit),
			kernelTrace: recorder.recording,
		};
		const close = async () => {
			blocks.release();
			await recorder.stop();
		};
		return { facts, close };
	},

	runs: () => markedRuns('netns'),

	async sweep(run: RunIdentity, { quietMs = 0 } = {}): Promise<string[]> {
		const swept = await sweepMarked('netns', run, quietMs);
		return [...swept, ...(await forgetTrace(run))];
	},
};

/** Removes the trace instance of a run whose recorder could not; whoever read it may be just about to go. */
async function forgetTrace(run: RunIdentity): Promise<string[]> {
	const limit = performance.now() + LIMIT_MS;
	for (;;) {
		const { succeeded, out, err } = await runCommand(forgetCommand(run));
		if (succeeded) return out.split('\n').filter(Boolean);
		if (performance.now() > limit) {
			throw new HalfopenError('ENGINE_REFUSED', {
				problem: `The trace instance of run ${run.id} could not be removed within ${LIMIT_MS / 1_000} s.`,
				seen: err,
				remedy: 'Look who reads it: fuser /sys/kernel/tracing/instances/halfopen-*/trace_pipe',
			});
		}
		await wait(LOOK_MS);
	}
}

/** A name can only be checked against what a host really has: what is not kept per namespace is not there at all. */
async function readSysctlNames(ground: Platform): Promise<string> {
	const { succeeded, out, err } = await runCommand([...unshareWire(ground), 'bash', '-c', LIST_SYSCTLS]);
	if (succeeded) return out.trim();
	throw new HalfopenError('ENGINE_UNREACHABLE', {
		problem: 'Network namespaces cannot be made here.',
		seen: err,
		remedy: whatIsNeeded(ground.asRoot),
	});
}

/** The folders that programs cannot write to, because no layer can lie over them; that is said. */
async function unfitFolders(ground: Platform): Promise<string[]> {
	const words = [...unshareWire(ground).filter((word) => word !== '--'), '--mount', '--'];
	const { succeeded, out, err } = await runCommand([...words, 'sh', '-ec', tryLayers(ground.asRoot)]);
	if (!succeeded) {
		throw new HalfopenError('ENGINE_REFUSED', {
			problem: 'Hosts cannot have file systems of their own here.',
			seen: err,
			remedy: whatIsNeeded(ground.asRoot),
		});
	}
	const unfit = out.split('\n').filter(Boolean);
	if (unfit.length > 0) {
		process.stderr.write(
			`halfopen: this kernel makes no overlay of ${unfit.join(', ')}: programs on hosts read what is there, and ` +
				'write nothing (EROFS)\n',
		);
	}
	return unfit;
}

async function versionOf(program: string): Promise<string> {
	const { out } = await runCommand([program, '--version']);
	return /[\d.]+$/.exec(out.trim())?.[0] ?? 'unknown';
}
