import { execa } from 'execa';
import { HalfopenError } from '../errors.ts';
import { diskFull } from './cache-errors.ts';

/** The programs needed to fetch and prepare kernels, and the Debian packages that contain them. */
const PACKAGES = {
	'apt-get': 'apt',
	'/usr/lib/apt/apt-helper': 'apt',
	'dpkg-deb': 'dpkg',
	xz: 'xz-utils',
	gzip: 'gzip',
	zstd: 'zstd',
	depmod: 'kmod',
	flock: 'util-linux',
} as const;

/** The remedy on a system without apt. */
const WITHOUT_APT =
	'Fetch kernels on Debian or Ubuntu, or prepare one of your own: `npm run kernels -- --image <bzImage> --modules ' +
	'<folder>`.';

/** The name of one of these programs. */
export type Tool = keyof typeof PACKAGES;

/** Options for running a tool. */
export interface ToolOptions {
	/** Open files that the tool inherits, as descriptors from 3 on. */
	readonly descriptors?: readonly number[];
	readonly cwd?: string;
	/** Called with each line of output as it arrives. */
	readonly onLine?: (line: string) => void;
}

/** The result of a tool that has ended. */
export interface ToolResult {
	/** Whether it ended with a status other than 0, or by a signal. */
	readonly failed: boolean;
	readonly stdout: string;
	/** The complete text. Use `lastLines` to show it. */
	readonly stderr: string;
}

/** The folders of depmod, which may not be in an ordinary user's PATH. */
const SYSTEM_FOLDERS = '/usr/sbin:/sbin';

const FAILURE_LINES = 10;

/** More than the largest index of the archive, decompressed. */
const MAX_OUTPUT = 500_000_000;

/**
 * Runs one of the tools to its end. Rejects with TOOL_MISSING if it is not installed, and with DISK_FULL if its output
 * says so. Other failures are in the result.
 */
export async function runTool(
	tool: Tool,
	args: readonly string[],
	{ descriptors = [], cwd, onLine }: ToolOptions = {},
): Promise<ToolResult> {
	const running = execa(tool, args, {
		reject: false,
		// execa's types know descriptors up to 9 only.
		stdio: ['ignore', 'pipe', 'pipe', ...(descriptors as readonly 3[])],
		env: { PATH: `${process.env.PATH ?? ''}:${SYSTEM_FOLDERS}`, LC_ALL: 'C' },
		maxBuffer: MAX_OUTPUT,
		...(cwd !== undefined && { cwd }),
	});
	if (onLine) for await (const line of running.iterable()) onLine(line);
	const { failed, code, stdout, stderr } = await running;
	if (code === 'ENOENT') {
		throw new HalfopenError('TOOL_MISSING', {
			problem: `${tool}, which prepares kernels, is not installed.`,
			remedy: PACKAGES[tool] === 'apt' ? WITHOUT_APT : `Install it: \`apt-get install ${PACKAGES[tool]}\`.`,
		});
	}
	const full =
		failed &&
		stderr.split('\n').find((line) => /No space left on device|Disk quota exceeded|enough free space/.test(line));
	if (full) throw diskFull(full);
	return { failed, stdout, stderr };
}

/** Returns the last lines of a tool's output, for an error. */
export const lastLines = (output: string): string => output.trimEnd().split('\n').slice(-FAILURE_LINES).join('\n');
