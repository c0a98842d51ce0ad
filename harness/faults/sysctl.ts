import type { Agent } from '../agent/agent.ts';
import type { Boot } from '../boot.ts';
import type { LabContext } from '../context.ts';
import { HalfopenError } from '../errors.ts';
import { nearestNames } from '../nearest.ts';
import type { HostName } from '../timeline/events.ts';
import { type Fault, inject } from './fault.ts';

/** Sysctls by name, as below net.ipv4: `tcp_retries2`, `tcp_keepalive_time`, `tcp_fin_timeout`, … in the units of the kernel's documentation. */
export type Sysctls = Readonly<Record<`tcp_${string}` | `ip_${string}`, number | string>>;

const FOLDER = '/proc/sys/net/ipv4';

/** Refuses a name that a host does not have, before anything is started or changed. */
export function assertSysctls(sysctls: Sysctls, known: ReadonlySet<string>): void {
	for (const name of Object.keys(sysctls)) {
		if (known.has(name)) continue;
		throw new HalfopenError('SYSCTL_UNKNOWN', {
			problem: `A host has no sysctl net.ipv4.${name}.`,
			seen: `nearest: ${nearestNames(name, known).join(', ')}`,
			remedy: 'Correct the name; or this kernel is too old for it, or keeps it for the whole machine and not per network namespace.',
		});
	}
}

/** Takes path and value in turn, writes each and reads it back, told as grep would; ends with the first that is refused. One process for all. */
const WRITE = `while [ $# -gt 0 ]; do
	printf '%s\\n' "$2" >"$1"; wrote=$?
	read -r now <"$1"; echo "$1:$now"
	[ $wrote = 0 ] || exit 1
	shift 2
done`;

/** Writes sysctls of a host one after the other, and reads each back; what comes after one that the kernel does not take is not written. */
export async function writeSysctls(machine: Agent, sysctls: Sysctls): Promise<void> {
	const wanted = Object.entries(sysctls);
	const { status, out, err } = await machine.run([
		'bash',
		'-c',
		WRITE,
		'sysctl',
		...wanted.flatMap(([name, value]) => [`${FOLDER}/${name}`, String(value)]),
	]);
	const inForce = parseSysctls(out);
	const refused = status === 0 ? undefined : Object.keys(inForce).at(-1);
	for (const [name, value] of wanted) {
		const now = inForce[name];
		if (name !== refused && words(now) === words(value)) continue;
		throw new HalfopenError('SYSCTL_REFUSED', {
			problem: `The kernel did not take net.ipv4.${name} = ${value}; it is ${now}.`,
			seen: err,
			remedy: 'Give a value that the kernel allows for it (Documentation/networking/ip-sysctl.rst).',
		});
	}
}

/** Values of sysctls of a host, by name; there must be a name. */
async function readSysctls(machine: Agent, names: readonly string[]): Promise<Record<string, string>> {
	const { out } = await machine.run(['grep', '-H', '', ...names.map((name) => `${FOLDER}/${name}`)]);
	return parseSysctls(out);
}

/** All TCP sysctls of a host that can be read. */
export async function readAllSysctls(machine: Agent): Promise<Record<string, string>> {
	// Some are write-only or root's alone; what cannot be read is not in force here.
	const { out } = await machine.run(['sh', '-c', `exec grep -sH '' ${FOLDER}/tcp_*`]);
	return parseSysctls(out);
}

function parseSysctls(text: string): Record<string, string> {
	const lines = text.split('\n').filter(Boolean);
	return Object.fromEntries(lines.map((line) => [line.slice(FOLDER.length + 1, line.indexOf(':')), words(line.slice(line.indexOf(':') + 1))]));
}

const words = (value: unknown) => String(value).trim().split(/\s+/).join(' ');

/** Changes sysctls of a running host; healing puts back what was there. Timers that are running keep to the old value until they are set anew. */
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
				// Known before the first is written: a later one may be refused.
				before = await readSysctls(boot.machine, Object.keys(sysctls));
				await writeSysctls(boot.machine, sysctls);
				return { proof: 'read back' };
			},
			heal: async () => {
				if (!boot.running) return { proof: 'gone with the machine' };
				await writeSysctls(boot.machine, before);
				return { proof: 'put back' };
			},
		},
	);
}
