import { createHash } from 'node:crypto';
import { readFileSync, readlinkSync } from 'node:fs';
import { hostname } from 'node:os';

/**
 * Identifies the process that owns something, so that another process can check whether it is still alive:
 * `<machine>:<boot>:<PID namespace>:<pid>:<start>`. A host name and a pid are not enough: two machines of one name may
 * share an engine, containers of one machine have separate PID namespaces, and pids are reused.
 */
export const OWNER = /^[0-9a-f]{12}:[0-9a-f]{32}:[1-9]\d{0,19}:[1-9]\d{0,9}:\d{1,20}$/;

/** The fields of an owner. */
interface Owner {
	/** A hash of machine-id and host name. It is the same after a reboot. */
	readonly machine: string;
	/** The kernel's boot id (random(4)). */
	readonly boot: string;
	/** The inode of the PID namespace that `pid` belongs to. */
	readonly pids: string;
	readonly pid: string;
	/**
	 * The start time in ticks since the boot (proc_pid_stat(5), field 22). A later process with the same pid has another
	 * one.
	 */
	readonly start: string;
}

let local: Pick<Owner, 'machine' | 'boot' | 'pids'> | undefined;
let own: string | undefined;

/** Returns this process as an owner. */
export function thisProcess(): string {
	own ??= ownerOf(process.pid);
	return own;
}

/** Returns a running process of this machine as an owner. */
export function ownerOf(pid: number): string {
	const { machine, boot, pids } = localSystem();
	return [machine, boot, pids, pid, readStat(String(pid))?.start ?? '0'].join(':');
}

/**
 * Whether the owner was a process that this process could see, and has ended. Returns false if that cannot be
 * determined, for example for a process of another machine.
 */
export function isDead(owner: string): boolean {
	if (isElsewhere(owner)) return false;
	const { pid, start } = parse(owner);
	const stat = readStat(pid);
	// A zombie has ended. Only its parent has not collected its status yet.
	return stat === undefined || stat.start !== start || stat.state === 'Z' || stat.state === 'X';
}

/** Whether this process cannot see the owner: it belongs to another machine, boot or PID namespace. */
export function isElsewhere(owner: string): boolean {
	const { machine, boot, pids } = parse(owner);
	const local = localSystem();
	return machine !== local.machine || boot !== local.boot || pids !== local.pids;
}

/**
 * Whether the owner was a process of this machine before its last boot. This alone is no proof, because a copy of the
 * machine may have the same machine-id and name. The run's folder on this machine's disk completes the proof.
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

/** Returns an empty text if the file does not exist: not every system has a machine-id. */
function readText(path: string): string {
	try {
		return readFileSync(path, 'utf8').trim();
	} catch {
		return '';
	}
}

/** Returns undefined if there is no such process. */
function readStat(pid: string): { readonly state: string; readonly start: string } | undefined {
	try {
		const text = readFileSync(`/proc/${pid}/stat`, 'utf8');
		// The name, in parentheses, may contain any character. The state is field 3, the first after it.
		const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
		return { state: fields[0] ?? '', start: fields[19] ?? '' };
	} catch {
		return undefined;
	}
}
