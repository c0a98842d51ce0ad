import { createHash } from 'node:crypto';
import { readFile, rm, stat, writeFile } from 'node:fs/promises';
import { join, relative } from 'node:path';
import { Agent } from '../../agent/agent.ts';
import { HalfopenError } from '../../errors.ts';
import { intoCache } from '../../kernels/cache-errors.ts';
import type { PreparedKernel } from '../../kernels/prepared.ts';
import { PROJECT_ROOT } from '../../util/project-root.ts';
import { runCommand } from '../../util/run-command.ts';
import { assertBinaries, type Binaries } from '../binaries.ts';
import type { RunIdentity } from '../engine.ts';
import { harnessSources, hashOf } from '../host-sources.ts';
import { LIST_SYSCTLS } from '../sysctl-names.ts';
import { Guest } from './guest.ts';
import { assertInit } from './guest-init.ts';
import { buildInitramfs, programPaths } from './initramfs.ts';
import { type BootSource, Qemu } from './qemu.ts';
import { commandLine, filesOf, QEMU } from './qemu-command.ts';
import { unusable } from './qemu-errors.ts';
import { RunningGuest } from './running-guest.ts';
import {
	markUsed,
	moveUnlessThere,
	readyFolder,
	removeUnused,
	snapshotsFolder,
	unfinishedSnapshot,
} from './snapshots-folder.ts';

/** A guest that has booted, saved before its first lab. */
export interface Snapshot {
	/** The file with the memory of the paused guest. */
	readonly memory: string;
	/** The folder for the transcript and snapshot of a ready lab, for the current sources of the harness. */
	readonly ready: string;
	/** Names below net.ipv4 that a host has, separated by blanks. */
	readonly sysctls: string;
	readonly qemu: string;
}

const MEMORY = 'memory';
const FACTS = 'facts.json';

/**
 * Returns the snapshot of a kernel, for the current programs and sources. If there is none, boots the kernel in
 * `scratch`, a folder of the run. Rejects with GUEST_LOST if the kernel does not boot within `bootLimitMs` of wall
 * time, and with DISK_FULL.
 */
export async function ensureSnapshot(
	run: RunIdentity,
	kernel: PreparedKernel,
	scratch: string,
	{ bootLimitMs }: { readonly bootLimitMs?: number } = {},
): Promise<Snapshot> {
	const [host, init, qemu] = await Promise.all([assertBinaries(), assertInit(), qemuVersion()]);
	const programs = await programPaths();
	const parts = { ...host, init, modules: kernel.modules };
	const name = `${kernel.name}-${await keyOf(kernel, parts, qemu, programs)}`;
	const folder = join(snapshotsFolder(), name);
	// Any source of the harness may change how a lab is set up, so a transcript belongs to a hash of them all.
	const ready = readyFolder(folder, await hashOf(await harnessSources()));
	await removeUnused(kernel.name, ready);
	const found = await read(folder);
	if (found) return { ...found, ready };
	process.stderr.write(`halfopen: booting ${kernel.release} once; labs start from its snapshot\n`);
	return intoCache(async () => {
		await using unfinished = await unfinishedSnapshot(snapshotsFolder(), run);
		const root = join(unfinished.path, 'root.cpio');
		await buildInitramfs(root, join(unfinished.path, 'root'), parts, programs);
		const sysctls = await bootAndSave(
			run,
			{ kernel: kernel.image, root },
			scratch,
			join(unfinished.path, MEMORY),
			bootLimitMs,
		);
		await rm(root);
		await rm(join(unfinished.path, 'root'), { recursive: true });
		await writeFile(join(unfinished.path, FACTS), JSON.stringify({ sysctls, qemu }));
		// Another run may have created the folder first. Or the folder is what remains of a snapshot that was removed.
		if (!(await moveUnlessThere(unfinished.path, folder)) && !(await read(folder))) {
			await rm(folder, { recursive: true, force: true });
			await moveUnlessThere(unfinished.path, folder);
		}
		const saved = await read(folder);
		if (saved) return { ...saved, ready };
		throw unusable('saved', `${folder} was removed immediately after it was created`);
	});
}

/**
 * Reads the snapshot in a folder. Returns undefined if it is missing or incomplete: the machine may have crashed before
 * the data was on the disk.
 */
async function read(folder: string): Promise<Omit<Snapshot, 'ready'> | undefined> {
	const text = await readFile(join(folder, FACTS), 'utf8').catch(() => '');
	try {
		const facts = JSON.parse(text) as Pick<Snapshot, 'sysctls' | 'qemu'>;
		await markUsed(folder);
		return { memory: join(folder, MEMORY), ...facts };
	} catch (error) {
		if (!(error instanceof SyntaxError)) throw error;
		return undefined;
	}
}

/**
 * Runs each program once, so that labs need not load it. It opens no connection, because that would fix the keys of
 * sequence numbers. Then it fills free memory with zeros, which QEMU does not save.
 */
const WARM_UP = `
ip link set lo up
for command in 'ss -tanoei' 'iptables -nL' 'ip6tables -nL' 'nft list ruleset' 'tcpdump --version' 'strace true' 'node --version' \\
	'curl --version' 'lsof -v'; do
	$command >/dev/null 2>&1
done
while read -r name size _; do
	[ $name = MemFree: ] && head -c $((size - 50000))K /dev/zero >/root/zeros
done </proc/meminfo
rm /root/zeros
${LIST_SYSCTLS}
`;

/** Boots a guest, warms it up and saves it. Returns the names of its sysctls. */
async function bootAndSave(
	run: RunIdentity,
	source: BootSource,
	scratch: string,
	memory: string,
	bootLimitMs?: number,
): Promise<string> {
	const running = new RunningGuest(await Qemu.start(run, source, scratch, `boot-${process.pid}`, { bootLimitMs }));
	try {
		const guest = new Guest(running);
		const agent = await Agent.connect(guest.channel, 'the guest');
		const { out } = await agent.run(['unshare', '--net', '--', 'bash', '-c', WARM_UP]);
		await agent.close();
		await guest.restarted();
		await running.save(memory);
		return out.trim();
	} finally {
		await running.end();
	}
}

/** Returns a hash of everything that a snapshot is made of. */
async function keyOf(
	kernel: PreparedKernel,
	{ bin, opt, init }: Binaries & { readonly init: string },
	qemu: string,
	programs: readonly string[],
): Promise<string> {
	const stats = await Promise.all([kernel.image, ...programs].map((path) => stat(path)));
	const files = stats.map(({ size, mtimeMs }, index) => [programs[index - 1] ?? 'kernel', size, mtimeMs]);
	const computer = commandLine('', filesOf('', ''));
	const builder = await hashOf(['harness/engines/vm/initramfs.ts']);
	// These paths contain hashes of their contents. Relative to the repository they are the same in every clone.
	const ours = [bin, opt, init].map((path) => relative(PROJECT_ROOT, path));
	const all = JSON.stringify([
		kernel.release,
		kernel.version,
		kernel.fetchedAt,
		ours,
		qemu,
		WARM_UP,
		computer,
		builder,
		files,
	]);
	return createHash('sha256').update(all).digest('hex').slice(0, 12);
}

async function qemuVersion(): Promise<string> {
	const { succeeded, out, err } = await runCommand([QEMU, '--version']);
	const version = /version (\S+)/.exec(out)?.[1];
	if (succeeded && version) return version;
	throw new HalfopenError('TOOL_MISSING', {
		problem: 'QEMU, which guests run in, is not installed.',
		seen: err,
		remedy: 'Run `npm run setup -- --vm`: it installs QEMU.',
	});
}
