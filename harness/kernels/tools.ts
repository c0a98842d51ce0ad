import { execa } from 'execa';
import { HalfopenError } from '../errors.ts';
import { diskFull } from './cache-errors.ts';

/** The programs that fetching and preparing a kernel takes, and Debian's packages that have them. */
const PACKAGES = { 'dpkg-deb': 'dpkg', gpgv: 'gpgv', xz: 'xz-utils', gzip: 'gzip', zstd: 'zstd', depmod: 'kmod' } as const;

export type Tool = keyof typeof PACKAGES;

export interface ToolResult {
	readonly failed: boolean;
	readonly stdout: string;
	/** What it complained about at the end. */
	readonly stderr: string;
}

/** Where depmod is: an ordinary user's PATH may lack them. */
const SYSTEM_FOLDERS = '/usr/sbin:/sbin';

const LINES_SHOWN_OF_A_FAILURE = 10;

/** More than any index of the archive has, unpacked. */
const MOST_CHARACTERS = 500_000_000;

/** Runs one of the tools to its end. TOOL_MISSING if it is not installed, DISK_FULL if it complains about that; every other failure is in the result. */
export async function runTool(tool: Tool, args: readonly string[]): Promise<ToolResult> {
	const { failed, code, stdout, stderr } = await execa(tool, args, {
		reject: false,
		env: { PATH: `${process.env.PATH ?? ''}:${SYSTEM_FOLDERS}`, LC_ALL: 'C' },
		maxBuffer: MOST_CHARACTERS,
	});
	if (code === 'ENOENT') {
		throw new HalfopenError('TOOL_MISSING', {
			problem: `${tool} is not installed, which is needed to prepare kernels.`,
			remedy: `install it: apt-get install ${PACKAGES[tool]}`,
		});
	}
	const lines = stderr.trimEnd().split('\n');
	const full = failed && lines.find((line) => /No space left on device|Disk quota exceeded/.test(line));
	if (full) throw diskFull(full);
	return { failed, stdout, stderr: lines.slice(-LINES_SHOWN_OF_A_FAILURE).join('\n') };
}
