import { createHash } from 'node:crypto';
import { readFileSync, readlinkSync } from 'node:fs';
import { hostname } from 'node:os';

/**
 * Who to ask whether what a process made is still wanted: `<machine>:<boot>:<PID namespace>:<pid>:<start>`. A name and
 * a pid are not enough: two machines of one name may share an engine, containers of one machine have pids of their own,
 * and pids are given again.
 */
export const OWNER = /^[0-9a-f]{12}:[0-9a-f]{32}:[1-9]\d{0,19}:[1-9]\d{0,9}:\d{1,20}$/;

/** A process, as its owner's text tells of it. */
interface Owner {
	/** Of machine-id and host name: the same from boot to boot. */
	readonly machine: string;
	/** The kernel's own number for this boot (random(4)). */
	readonly boot: string;
	/** The inode of the PID namespace in which `pid` counts. */
	readonly pids: string;
	readonly pid: string;
	/** When it started, in ticks since the boot (proc_pid_stat(5), field 22): who has the pid later has another. */
	readonly start: string;
}

let local: Pick<Owner, 'machine' | 'boot' | 'pids'> | undefined;
let own: string | undefined;

/** This process as an owner. */
export function thisProcess(): string {
	own ??= ownerOf(process.pid);
	return own;
}

/** A living process of this machine as an owner. */
export function ownerOf(pid: number): string {
	const { machine, boot, pids } = localSystem();
	return [machine, boot, pids, pid, readStat(String(pid))?.start ?? '0'].join(':');
}

/**
 * True if the owner was a process that this one could see, and is no more. Where that cannot be known, as of other
 * machines, false.
 */
export function isDead(owner: string): boolean {
	if (isElsewhere(owner)) return false;
	const { pid, start } = parse(owner);
	const stat = readStat(pid);
	// A zombie does nothing any more: its parent has not asked for its status yet.
	return stat === undefined || stat.start !== start || stat.state === 'Z' || stat.state === 'X';
}

/**
 * True if the owner is, or was, a process that this one cannot see: of another machine, of another boot, among other
 * processes.
 */
export function isElsewhere(owner: string): boolean {
	const { machine, boot, pids } = parse(owner);
	const local = localSystem();
	return machine !== local.machine || boot !== local.boot || pids !== local.pids;
}

/**
 * True if the owner was a process of this machine before it was started anew. By itself that is no proof: copies of a
 * machine may have the same machine-id and name. What lies on this machine's own disk tells the rest.
 */
export function isOfEarlierBoot(owner: string): boolean {
	const { machine, boot } = parse(owner);
	return machine === localSystem().machine && boot !== localSystem().boot;
}

function parse(owner: string): Owner {
	const [machine = '', boot = '', pids = '', pid = '', start = ''] = owner.split(':');
	return { machine, boot, pids, pid, start };
}

function localSystem(): Pick<Owner, 'machine' | 'boot' | 'pids'> {
	local ??= {
		machine: createHash('sha256')
			.update(`${readText('/etc/machine-id')}\n${hostname()}`)
			.digest('hex')
			.slice(0, 12),
		boot: readText('/proc/sys/kernel/random/boot_id').replaceAll('-', ''),
		pids: /\d+/.exec(readlinkSync('/proc/self/ns/pid'))?.[0] ?? '',
	};
	return local;
}

/** Nothing where there is no such file: not every system has a machine-id. */
function readText(path: string): string {
	try {
		return readFileSync(path, 'utf8').trim();
	} catch {
		return '';
	}
}

/** Nothing where there is no such process. */
function readStat(pid: string): { readonly state: string; readonly start: string } | undefined {
	try {
		const text = readFileSync(`/proc/${pid}/stat`, 'utf8');
		// The name, in parentheses, may hold anything; the state is field 3, the first behind it.
		const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
		return { state: fields[0] ?? '', start: fields[19] ?? '' };
	} catch {
		return undefined;
	}
}
