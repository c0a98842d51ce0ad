import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { channelTo } from '../../agent/local.ts';
import { runCommand } from '../../util/run-command.ts';
import type { Binaries } from '../binaries.ts';
import type { RunIdentity } from '../engine.ts';
import { markOf } from '../marked.ts';
import type { Platform, PlatformProcess } from '../namespaces/platform.ts';
import { hostFiles } from './file-system.ts';

/** This machine, for the namespaces of a run. Over the `unfit` of its folders there can be no layer. */
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
 * What everything of a run begins with, on hosts and beside them: it is a host's environment and not ours, with no
 * options of this Node.
 */
export function environmentOf(run: RunIdentity, bin: string): Record<string, string> {
	return { PATH: pathWith(bin), HOME: '/root', LANG: 'C.UTF-8', ...markOf('netns', run) };
}

/** What a host's programs find: ours first, then this machine's, administration's included. */
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
			// A pid is signalled only while it can be nobody else's: that of a child of ours, until it was waited for, or of
			// a child that this waits for.
			if (child.pid === undefined || child.exitCode !== null || child.signalCode !== null) return;
			try {
				process.kill(grandchild ?? child.pid, 'SIGKILL');
			} catch (error) {
				// Gone by itself meanwhile.
				if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
			}
		},
	};
}
