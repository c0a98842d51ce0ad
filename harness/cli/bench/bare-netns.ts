import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import type { Binaries } from '../../engines/binaries.ts';
import type { RunIdentity } from '../../engines/engine.ts';
import { environmentOf, isRoot } from '../../engines/netns/local-platform.ts';
import { HalfopenError } from '../../errors.ts';
import { type Side, timed } from './sides.ts';

const SERVER = '198.18.0.3';

/** An ordinary user's tcpdump is told that it has left its groups, as the engine's is. */
const STAYS_IN_ITS_GROUPS =
	'strace -D -f --seccomp-bpf -o /dev/null -e trace=setgroups -e inject=setgroups:retval=0'.split(' ');

/**
 * In the namespace of one host: the interface, then what a host runs besides. Says `ready` when the capture listens and
 * the second agent has spoken.
 */
const HOST = `
set -e
for setting in all default; do echo 1 >/proc/sys/net/ipv6/conf/$setting/disable_ipv6; done
ip -batch - <<END
link set lo up
address add $1/29 brd + dev eth0
link set eth0 up
END
shift
exec 4< <(exec halfopen-agent <&0)
exec 5< <(exec "$@" tcpdump -Z root -i any -nn -U --immediate-mode -B 16384 -s 160 -w - 'tcp or icmp or arp' 2>&1 >/dev/null)
bash --norc -c 'while read -r _; do ss -tanoeiH; done' <&0 >/dev/null &
read -r _ <&4
until [[ $line == *'listening on'* ]]; do read -r line <&5; echo "$line" >&2; done
echo ready
wait
`;

/**
 * Two namespaces, each held by an agent; no bridge, no mounts, no processes of their own. Says which process has the
 * server's namespace; where a host fails, all goes.
 */
const LAB = `
set -e
trap 'kill 0' EXIT
exec 3< <(exec unshare --net -- halfopen-agent <&0); client=$!
exec 4< <(exec unshare --net -- halfopen-agent <&0); server=$!
read -r _ <&3
read -r _ <&4
nsenter --target $client --net -- ip link add eth0 type veth peer name eth0 netns $server
echo server $server
nsenter --target $client --net -- bash --norc -c "$1" host 198.18.0.2 "\${@:2}" <&0 &
nsenter --target $server --net -- bash --norc -c "$1" host ${SERVER} "\${@:2}" <&0 &
wait -n
`;

const READY = /server (\d+)\n.*ready\n.*ready\n/s;

export interface BareSite {
	readonly run: RunIdentity;
	readonly binaries: Binaries;
}

/**
 * The same programs in two network namespaces and a veth, by a shell script alone: nothing is isolated, and nobody
 * reads what they say.
 */
export function bareNetns(site: BareSite): Side {
	const env = environmentOf(site.run, site.binaries.bin);
	const asUser = isRoot() ? [] : ['unshare', '--user', '--map-root-user', '--'];
	const capturing = isRoot() ? [] : STAYS_IN_ITS_GROUPS;
	const running = new Map<ChildProcess, Promise<unknown>>();

	function start(words: readonly string[]): ChildProcess {
		const [program = '', ...args] = words;
		// In a process group of its own, which goes as a whole.
		const child = spawn(program, args, { detached: true, stdio: 'pipe', env });
		const gone = once(child, 'close').catch(() => {});
		running.set(child, gone);
		void gone.then(() => running.delete(child));
		return child;
	}

	async function lab(): Promise<string[]> {
		const said = await hear(start([...asUser, 'bash', '--norc', '-c', LAB, 'lab', HOST, ...capturing]), READY);
		return [
			'nsenter',
			'--target',
			said[1] ?? '',
			...(asUser.length > 0 ? ['--user', '--preserve-credentials'] : []),
			'--net',
			'--',
		];
	}

	async function remove(): Promise<void> {
		await Promise.all([...running].map(([child, gone]) => kill(child, gone)));
	}

	return {
		async measure() {
			try {
				const [server, ready] = await timed(lab);
				const rule = ['INPUT', '-p', 'tcp', '--dport', '9', '-j', 'REJECT', '--reject-with', 'tcp-reset'];
				const [, fault] = await timed(async () => {
					for (const action of ['-I', '-D']) await toEnd(start([...server, 'iptables', action, ...rule]));
				});
				// -v: it says when it listens; -n: without asking for its name.
				const [, started] = await timed(() => hear(start([...server, 'nc.openbsd', '-lnv', '8080']), /Listening/));
				const [, ended] = await timed(remove);
				return {
					'lab ready': ready,
					'packet fault, in and out': fault,
					'nc, listening': started,
					'lab removed': ended,
				};
			} finally {
				await remove();
			}
		},
	};
}

/** Resolves when what a program says, on both streams, is this; rejects when it ends before. */
function hear(child: ChildProcess, wanted: RegExp): Promise<RegExpExecArray> {
	return new Promise((resolve, reject) => {
		let said = '';
		const hears = (bytes: Buffer) => {
			said += bytes;
			const heard = wanted.exec(said);
			if (heard) resolve(heard);
		};
		child.stdout?.on('data', hears);
		child.stderr?.on('data', hears);
		child.on('error', reject);
		child.on('close', () => reject(refused(child, said)));
	});
}

async function toEnd(child: ChildProcess): Promise<void> {
	let said = '';
	child.stderr?.on('data', (bytes) => {
		said += bytes;
	});
	const [status] = await once(child, 'close');
	if (status !== 0) throw refused(child, said);
}

/** Kills all of its group; passes when they have let go of its streams. */
async function kill({ pid }: ChildProcess, gone: Promise<unknown>): Promise<void> {
	try {
		if (pid !== undefined) process.kill(-pid, 'SIGKILL');
	} catch (error) {
		// Gone by itself meanwhile.
		if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
	}
	await gone;
}

function refused({ spawnargs }: ChildProcess, said: string): HalfopenError {
	return new HalfopenError('ENGINE_REFUSED', {
		problem: `The bare side of the bench could not be made: ${spawnargs[0]} ended.`,
		seen: said,
		remedy: 'It needs what the engine needs: `HALFOPEN_ENGINE=netns npm run setup` looks for it.',
	});
}
