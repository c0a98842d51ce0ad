import { z } from 'zod';
import type { Agent } from '../agent/agent.ts';
import { HalfopenError } from '../errors.ts';
import type { Boot } from '../lab/boot.ts';
import type { LabContext } from '../lab/context.ts';
import type { HostName } from '../timeline/events.ts';
import { nearestNames } from '../util/nearest.ts';
import { checked } from '../util/options.ts';
import { type Fault, inject, runAll, undoAfter } from './fault.ts';

/**
 * Sysctls below net.ipv4, with their names as in sysctl(8) and their units as in the kernel's documentation:
 * `tcp_retries2`, `icmp_ratelimit`, `conf.all.rp_filter`, `neigh.eth0.ucast_solicit`, …
 */
export type Sysctls = Readonly<Record<string, number | string>>;
export const sysctlsSchema = z.record(z.string(), z.union([z.string(), z.number()]));

const FOLDER = '/proc/sys/net/ipv4';

/** Settings of one device. The name of a device has no `/` (dev_valid_name, net/core/dev.c) and, here, no dot. */
const OF_DEVICE = /^(conf|neigh)\.([\w-]{1,15})\.(\w+)$/;

/**
 * Sysctls that Linux has once for the whole machine, some of them only in older versions. Only the first network
 * namespace has them.
 */
const MACHINE_WIDE = [
	// ipv4_table of net/ipv4/sysctl_net_ipv4.c; icmp_msgs_* in older versions only.
	/^(tcp_mem|tcp_max_orphans|tcp_low_latency|tcp_available_ulp|udp_mem|fib_sync_mem|inet_peer_\w+|cipso_\w+|icmp_msgs_(per_sec|burst))$/,
	// ipv4_route_table of net/ipv4/route.c; min_* and mtu_expires in older versions only.
	/^route\.(gc_\w+|max_size|error_(cost|burst)|redirect_\w+|min_pmtu|mtu_expires|min_adv_mss)$/,
	// ip4_frags_ctl_table of net/ipv4/ip_fragment.c.
	/^ipfrag_secret_interval$/,
	// neigh_sysctl_register of net/core/neighbour.c: other namespaces only have the settings of their devices.
	/^neigh\.default\.\w+$/,
];

/**
 * Whether a host has this sysctl. The known names are from a network namespace with no device but loopback; the other
 * devices of a host have the same settings.
 */
export function hasSysctl(name: string, known: ReadonlySet<string>): boolean {
	return (
		known.has(name) ||
		known.has(name.replace(OF_DEVICE, (all, of, device, key) => (device === 'default' ? all : `${of}.lo.${key}`)))
	);
}

/**
 * Throws SYSCTL_UNKNOWN if a host does not have one of the sysctls, before anything is started or changed. So no name
 * can lead to a path outside the folder of sysctls.
 */
export function assertSysctls(sysctls: Sysctls, known: ReadonlySet<string>): void {
	checked(sysctlsSchema, sysctls, 'sysctls');
	for (const name of Object.keys(sysctls)) {
		if (hasSysctl(name, known)) continue;
		if (MACHINE_WIDE.some((pattern) => pattern.test(name))) {
			throw new HalfopenError('SYSCTL_UNKNOWN', {
				problem: `This kernel has net.ipv4.${name} once for the whole machine, not for each network namespace.`,
				remedy: 'Leave it unchanged, or find a setting of a device or a socket that has the same effect.',
			});
		}
		throw new HalfopenError('SYSCTL_UNKNOWN', {
			problem: `A host has no sysctl net.ipv4.${name}.`,
			seen: `nearest: ${nearestNames(name, known).join(', ')}`,
			remedy: 'Correct the name: it is written with dots, as for sysctl(8). If it is right, use a newer kernel.',
		});
	}
}

/**
 * Writes each value to the path before it, and reads it back. Prints lines in the format of grep. Stops at the first
 * value that is refused. One process writes all values.
 */
const WRITE = `while [ $# -gt 0 ]; do
	printf '%s\\n' "$2" >"$1"; wrote=$?
	now=; read -r now <"$1"; echo "$1:$now"
	[ $wrote = 0 ] || exit 1
	shift 2
done`;

/**
 * Writes sysctls of a host one after the other, and reads each back. Returns the values that are in force then. Throws
 * SYSCTL_REFUSED at the first value that the kernel does not accept; the sysctls after that are not written.
 */
export async function writeSysctls(machine: Agent, sysctls: Sysctls): Promise<Record<string, string>> {
	const wanted = Object.entries(sysctls);
	if (wanted.length === 0) return {};
	const { status, out, err } = await machine.run([
		'bash',
		'-c',
		WRITE,
		'sysctl',
		...wanted.flatMap(([name, value]) => [pathOf(name), String(value)]),
	]);
	const inForce = parseSysctls(out);
	const refused = status === 0 ? undefined : Object.keys(inForce).at(-1);
	for (const [name, value] of wanted) {
		const now = inForce[name];
		if (name !== refused && isInForce(name, words(value), words(now))) continue;
		throw new HalfopenError('SYSCTL_REFUSED', {
			problem: `The kernel did not accept net.ipv4.${name} = ${value}: its value is ${now || 'empty'}.`,
			seen: err,
			remedy:
				'Give a value that the kernel allows (Documentation/networking/ip-sysctl.rst), and a device that the host has.',
		});
	}
	return inForce;
}

/**
 * Sysctls in milliseconds that the kernel stores in jiffies (proc_dointvec_ms_jiffies), rounded up. A jiffy is at most
 * 10 ms long (CONFIG_HZ is 100 or more).
 */
const MILLISECONDS = /^icmp_ratelimit$|^neigh\.[\w-]+\.\w+_time_ms$/;
const LONGEST_JIFFY_MS = 10;

function isInForce(name: string, wanted: string, now: string): boolean {
	if (now === wanted) return true;
	const roundedBy = Number(now) - Number(wanted);
	return MILLISECONDS.test(name) && roundedBy > 0 && roundedBy < LONGEST_JIFFY_MS;
}

/** Returns the values of sysctls of a host, by name. Throws SYSCTL_REFUSED if one of them cannot be read. */
async function readSysctls(machine: Agent, names: readonly string[]): Promise<Record<string, string>> {
	const { values, err } = await readableSysctls(machine, names);
	for (const name of names) {
		if (name in values) continue;
		throw new HalfopenError('SYSCTL_REFUSED', {
			problem: `net.ipv4.${name} cannot be read on this host, so it could not be restored.`,
			seen: err,
			remedy: 'Set a sysctl that can be read, of a device that the host has. `host.tool` runs `cat` to try it.',
		});
	}
	return values;
}

/** Returns the values of those sysctls that can be read, and the messages about the others. */
async function readableSysctls(
	machine: Agent,
	names: readonly string[],
): Promise<{ values: Record<string, string>; err: string }> {
	if (names.length === 0) return { values: {}, err: '' };
	const { out, err } = await machine.run(['grep', '-H', '', ...names.map(pathOf)]);
	return { values: parseSysctls(out), err };
}

const pathOf = (name: string) => `${FOLDER}/${name.replaceAll('.', '/')}`;

/** Returns all TCP sysctls of a host that can be read, by name. */
export async function readAllSysctls(machine: Agent): Promise<Record<string, string>> {
	// Some sysctls are write-only, or only root can read them.
	const { out } = await machine.run(['sh', '-c', `exec grep -sH '' ${FOLDER}/tcp_*`]);
	return parseSysctls(out);
}

function parseSysctls(text: string): Record<string, string> {
	const lines = text.split('\n').filter(Boolean);
	return Object.fromEntries(
		lines.map((line) => {
			const end = line.indexOf(':');
			return [line.slice(FOLDER.length + 1, end).replaceAll('/', '.'), words(line.slice(end + 1))];
		}),
	);
}

const words = (value: unknown) => String(value).trim().split(/\s+/).join(' ');

/**
 * Restores sysctls of a host that differ from these values. If the kernel refuses one of them, the others are still
 * restored; then throws SYSCTL_REFUSED with the names of those that were not.
 */
async function restoreSysctls(machine: Agent, before: Sysctls): Promise<void> {
	// Only those that differ. After a refused value, the sysctls behind it were not written, and one may not be writable.
	const { values: now } = await readableSysctls(machine, Object.keys(before));
	const changed = Object.entries(before).filter(([name, value]) => now[name] !== value);
	try {
		await writeSysctls(machine, Object.fromEntries(changed));
	} catch (error) {
		if (!(error instanceof HalfopenError && error.code === 'SYSCTL_REFUSED')) throw error;
		const steps = changed.map(
			([name, value]) =>
				async () =>
					void (await writeSysctls(machine, { [name]: value })),
		);
		await runAll(...steps);
	}
}

/**
 * Changes sysctls of a running host. Healing restores the previous values. Timers that are running keep the old value
 * until they are set again.
 */
export async function changeSysctls(boot: Boot, host: HostName, context: LabContext, sysctls: Sysctls): Promise<Fault> {
	assertSysctls(sysctls, context.sysctls);
	const id = context.names.take('sysctl');
	const settings = Object.entries(sysctls).map(([name, value]) => `${name}=${value}`);
	let before: Sysctls = {};
	return inject(
		context,
		{ id, what: 'sysctl', host, text: `${host}: ${settings.join(' ')}` },
		{
			inject: async () => {
				before = await readSysctls(boot.machine, Object.keys(sysctls));
				try {
					await writeSysctls(boot.machine, sysctls);
				} catch (error) {
					throw await undoAfter(error, () => restoreSysctls(boot.machine, before));
				}
				return { proof: 'read back' };
			},
			heal: async () => {
				if (!boot.running) return { proof: 'gone with the machine' };
				await restoreSysctls(boot.machine, before);
				return { proof: 'restored' };
			},
		},
	);
}
