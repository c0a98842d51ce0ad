import { HalfopenError } from '../../errors.ts';
import { runCommand } from '../../util/run-command.ts';
import { assertBinaries } from '../binaries.ts';
import type { EngineRunner, OpenRun, Run, RunIdentity } from '../engine.ts';
import { reserveBlocks } from '../reserve-blocks.ts';
import { namespaceRequirements, wirePrefix } from '../shared-namespaces/namespace-process.ts';
import type { Platform } from '../shared-namespaces/platform.ts';
import { markedRuns, sweepMarked } from '../sweep-marked.ts';
import { sweepUntilQuiet } from '../sweep-until-quiet.ts';
import { LIST_SYSCTLS } from '../sysctl-names.ts';
import { removeInstanceCommand } from '../trace-recorder.ts';
import type { NetnsFacts } from './connect.ts';
import { overlayProbe } from './file-system.ts';
import { localPlatform } from './local-platform.ts';
import { startRecorder } from './recorder.ts';

/** The interval between two attempts to remove a trace instance. */
const POLL_MS = 50;

export const netnsRunner: EngineRunner = {
	name: 'netns',

	async open(run: Run): Promise<OpenRun> {
		const binaries = await assertBinaries();
		const platform = localPlatform(run, binaries);
		// Checked before anything is started: if namespaces cannot be created, nothing has to be cleaned up.
		const [sysctls, version, noOverlay] = await Promise.all([
			readSysctlNames(platform),
			versionOf('unshare'),
			foldersWithoutOverlay(platform),
		]);
		const recorder = await startRecorder(run);
		const blocks = await reserveBlocks();
		const facts: NetnsFacts = {
			...binaries,
			version,
			firstBlock: String(blocks.first),
			sysctls,
			noOverlay: JSON.stringify(noOverlay),
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
		return [...swept, ...(await removeTrace(run))];
	},
};

/** Removes the trace instance of a run whose recorder was killed. The process that reads it may still be ending. */
function removeTrace(run: RunIdentity): Promise<string[]> {
	const removeOnce = async () => {
		const { succeeded, out, err } = await runCommand(removeInstanceCommand(run));
		return succeeded ? { found: [], removed: out.split('\n').filter(Boolean) } : { found: [err], removed: [] };
	};
	return sweepUntilQuiet(removeOnce, {
		quietMs: 0,
		pollMs: POLL_MS,
		what: `The trace instance of run ${run.id}`,
		remedy: 'Find out who reads it: `fuser /sys/kernel/tracing/instances/halfopen-*/trace_pipe`.',
	});
}

/** Lists the sysctls of a host in a network namespace: sysctls that are not per namespace do not exist there. */
async function readSysctlNames(platform: Platform): Promise<string> {
	const { succeeded, out, err } = await runCommand([...wirePrefix(platform), 'bash', '-c', LIST_SYSCTLS]);
	if (succeeded) return out.trim();
	throw new HalfopenError('ENGINE_UNREACHABLE', {
		problem: 'Network namespaces cannot be created here.',
		seen: err,
		remedy: namespaceRequirements(platform.asRoot),
	});
}

/**
 * Returns the folders that are read-only on hosts, because this kernel cannot mount an overlay of them. Prints them on
 * stderr.
 */
async function foldersWithoutOverlay(platform: Platform): Promise<string[]> {
	const words = [...wirePrefix(platform).filter((word) => word !== '--'), '--mount', '--'];
	const { succeeded, out, err } = await runCommand([...words, 'sh', '-ec', overlayProbe(platform.asRoot)]);
	if (!succeeded) {
		throw new HalfopenError('ENGINE_REFUSED', {
			problem: 'The file systems of hosts cannot be mounted here.',
			seen: err,
			remedy: namespaceRequirements(platform.asRoot),
		});
	}
	const noOverlay = out.split('\n').filter(Boolean);
	if (noOverlay.length > 0) {
		process.stderr.write(
			`halfopen: this kernel cannot mount an overlay of ${noOverlay.join(', ')}, so hosts cannot write there (EROFS)\n`,
		);
	}
	return noOverlay;
}

async function versionOf(program: string): Promise<string> {
	const { out } = await runCommand([program, '--version']);
	return /[\d.]+$/.exec(out.trim())?.[0] ?? 'unknown';
}
