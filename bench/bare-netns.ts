import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import type { Binaries } from '../harness/engines/binaries.ts';
import type { RunIdentity } from '../harness/engines/engine.ts';
import { environmentOf, isRoot } from '../harness/engines/netns/local-platform.ts';
import { FAKE_SETGROUPS } from '../harness/engines/shared-namespaces/namespaces-lab.ts';
import { HalfopenError } from '../harness/errors.ts';
import { type BenchSide, startedAndRemoved } from './sides.ts';

/**
 * Runs in the namespace of one host: configures the interface, then starts the programs that a host runs. Prints
 * `ready` when the capture has started and the second agent has sent its first line.
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
exec 5< <(exec "$@" tcpdump -Z root -i any -nn -U --immediate-mode -B 16384 -s 160 -w - 'tcp or icmp or icmp6 or arp' 2>&1 >/dev/null)
bash --norc -c 'while read -r _; do ss -tanoeiH; done' <&0 >/dev/null &
read -r _ <&4
until [[ $line == *'listening on'* ]]; do read -r line <&5; echo "$line" >&2; done
echo ready
wait
`;

/**
 * Creates two network namespaces, each held by an agent, without a bridge and without mount and PID namespaces. If one
 * host fails, both end.
 */
const LAB = `
set -e
trap 'kill 0' EXIT
exec 3< <(exec unshare --net -- halfopen-agent <&0); client=$!
exec 4< <(exec unshare --net -- halfopen-agent <&0); server=$!
read -r _ <&3
read -r _ <&4
nsenter --target $client --net -- ip link add eth0 type veth peer name eth0 netns $server
nsenter --target $client --net -- bash --norc -c "$1" host 198.18.0.2 "\${@:2}" <&0 &
nsenter --target $server --net -- bash --norc -c "$1" host 198.18.0.3 "\${@:2}" <&0 &
wait -n
`;

const BOTH_READY = /ready\n.*ready\n/s;

export interface NetnsSite {
	readonly run: RunIdentity;
	readonly binaries: Binaries;
}

/**
 * Runs the same programs in two network namespaces with a veth pair, by a shell script alone. Nothing else is isolated,
 * and the output of the programs is not read.
 */
export function bareNetns({ run, binaries }: NetnsSite): BenchSide {
	const env = environmentOf(run, binaries.bin);
	const [program = '', ...args] = [
		...(isRoot() ? [] : ['unshare', '--user', '--map-root-user', '--']),
		...['bash', '--norc', '-c', LAB, 'lab', HOST],
		...(isRoot() ? [] : FAKE_SETGROUPS),
	];

	return startedAndRemoved(async (onRemove) => {
		// A new process group, which is killed as a whole.
		const lab = spawn(program, args, { detached: true, stdio: 'pipe', env });
		const closed = once(lab, 'close').catch(() => {});
		onRemove(() => kill(lab, closed));
		await output(lab, BOTH_READY);
	});
}

/** Resolves when the output of a program, on both streams, matches. Rejects if the program ends before that. */
function output(child: ChildProcess, pattern: RegExp): Promise<void> {
	return new Promise((resolve, reject) => {
		let text = '';
		const onData = (bytes: Buffer) => {
			text += bytes;
			if (pattern.test(text)) resolve();
		};
		child.stdout?.on('data', onData);
		child.stderr?.on('data', onData);
		child.on('error', reject);
		child.on('close', () => reject(refused(child, text)));
	});
}

/** Kills the whole group. Resolves when its streams are closed. */
async function kill({ pid }: ChildProcess, closed: Promise<unknown>): Promise<void> {
	try {
		if (pid !== undefined) process.kill(-pid, 'SIGKILL');
	} catch (error) {
		// The group has ended meanwhile.
		if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
	}
	await closed;
}

function refused({ spawnargs }: ChildProcess, output: string): HalfopenError {
	return new HalfopenError('ENGINE_REFUSED', {
		problem: `The lab without halfopen could not be set up: ${spawnargs[0]} ended.`,
		seen: output,
		remedy: 'Run `HALFOPEN_ENGINE=netns npm run setup`: the bench needs the same programs as the engine netns.',
	});
}
