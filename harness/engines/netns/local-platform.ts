import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { channelTo } from '../../agent/local.ts';
import { runCommand } from '../../util/run-command.ts';
import type { Binaries } from '../binaries.ts';
import type { RunIdentity } from '../engine.ts';
import { markOf } from '../marked.ts';
import type { Platform, PlatformProcess } from '../shared-namespaces/platform.ts';
import { hostFiles } from './file-system.ts';

/** Returns this machine as the platform of a run. Folders in `noOverlay` are read-only. */
export function localPlatform(run: RunIdentity, { bin, opt }: Binaries, noOverlay: readonly string[] = []): Platform {
	const env = environmentOf(run, bin);
	return {
		asRoot: isRoot(),
		files: hostFiles(isRoot(), opt, noOverlay),
		start: async ([program = '', ...args]) => platformProcess(spawn(program, args, { stdio: 'pipe', env })),
		run: runCommand,
		read: (path) => readFile(path, 'utf8'),
	};
}

export const isRoot = () => process.getuid?.() === 0;

/**
 * Returns the environment of all processes of a run, inside and outside of hosts. It inherits nothing but PATH from
 * this process (for example, not NODE_OPTIONS).
 */
export function environmentOf(run: RunIdentity, bin: string): Record<string, string> {
	return { PATH: pathWith(bin), HOME: '/root', LANG: 'C.UTF-8', ...markOf('netns', run) };
}

/** Returns a host's PATH: the project's binaries, this machine's PATH, and the folders for system administration. */
function pathWith(bin: string): string {
	return [bin, process.env.PATH, '/usr/local/sbin', '/usr/sbin', '/sbin'].filter(Boolean).join(':');
}

function platformProcess(child: ChildProcess & Parameters<typeof channelTo>[0]): PlatformProcess {
	return {
		pid: child.pid ?? -1,
		channel: channelTo(child),
		err: child.stderr,
		exited: once(child, 'exit').then(
			() => '',
			(error: Error) => error.message,
		),
		async kill(grandchild) {
			// A pid that may have been reused must not be signalled. The pid of a child is not reused before this process has
			// waited for it, nor that of a grandchild before the child has.
			if (child.pid === undefined || child.exitCode !== null || child.signalCode !== null) return;
			try {
				process.kill(grandchild ?? child.pid, 'SIGKILL');
			} catch (error) {
				// The process has ended meanwhile.
				if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
			}
		},
	};
}
