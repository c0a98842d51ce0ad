import { execa } from 'execa';
import { HalfopenError } from '../errors.ts';
import { diskFull } from './cache-errors.ts';

/** The programs that fetching and preparing a kernel takes, and Debian's packages that have them. */
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

/** Where a system does not have apt, it cannot be installed. */
const WITHOUT_APT =
	'fetch kernels on Debian or Ubuntu, or prepare one of your own: npm run kernels -- --image <bzImage> --modules ' +
	'<folder>';

/** One of these programs, by its name. */
export type Tool = keyof typeof PACKAGES;

/** What a tool is run with, besides its arguments. */
export interface ToolOptions {
	/** It inherits these, from 3 on. */
	readonly descriptors?: readonly number[];
	readonly cwd?: string;
	/** Is told each line of its output when it comes. */
	readonly onLine?: (line: string) => void;
}

/** What became of a tool that was run to its end. */
export interface ToolResult {
	/** It ended with another status than 0, or by a signal. */
	readonly failed: boolean;
	readonly stdout: string;
	/** Whole; to be shown, see `lastLines`. */
	readonly stderr: string;
}

/** Where depmod is: an ordinary user's PATH may lack them. */
const SYSTEM_FOLDERS = '/usr/sbin:/sbin';

const FAILURE_LINES = 10;

/** More than any index of the archive has, unpacked. */
const MAX_OUTPUT = 500_000_000;

/**
 * Runs one of the tools to its end. TOOL_MISSING if it is not installed, DISK_FULL if it complains about that; every
 * other failure is in the result.
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
			problem: `${tool} is not installed, which is needed to prepare kernels.`,
			remedy: PACKAGES[tool] === 'apt' ? WITHOUT_APT : `install it: apt-get install ${PACKAGES[tool]}`,
		});
	}
	const full =
		failed &&
		stderr.split('\n').find((line) => /No space left on device|Disk quota exceeded|enough free space/.test(line));
	if (full) throw diskFull(full);
	return { failed, stdout, stderr };
}

/** The end of what a tool said: as much as an error shows. */
export const lastLines = (output: string): string => output.trimEnd().split('\n').slice(-FAILURE_LINES).join('\n');
