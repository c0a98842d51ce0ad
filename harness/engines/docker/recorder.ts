import type Dockerode from 'dockerode';
import type { RunIdentity } from '../engine.ts';
import { containerOptions } from './attached.ts';
import { labelsOf } from './labels.ts';

/** What of the kernel's tracepoints is recorded. Those that a kernel lacks (inet_sk_error_report before 5.14) are passed over. */
const EVENTS = ['sock/inet_sock_set_state', 'sock/inet_sk_error_report', 'tcp/tcp_send_reset', 'tcp/tcp_receive_reset', 'tcp/tcp_retransmit_skb'];

const TRACING = '/sys/kernel/tracing';

/** Name of the trace instance of a run. */
export const instanceOf = (run: RunIdentity) => `halfopen-${run.id}`;
/** Name of the container that records it. */
export const recorderOf = (run: RunIdentity) => `halfopen-${run.id}-recorder`;

/**
 * Records one trace instance for all labs of the run. It ends by itself, and takes its instance with it, when its standard input
 * ends: when the runner is gone. `trace_clock=tai` follows the wall clock through its steps; what whole seconds lie between the two is
 * measured against the captures.
 */
const RECORD = `
instance=${TRACING}/instances/$1; shift
mkdir "$instance" || exit 1
finish() { trap - EXIT TERM; kill "$reader" 2>/dev/null; wait "$reader" 2>/dev/null; rmdir "$instance"; exit 0; }
trap finish EXIT TERM
echo tai > "$instance/trace_clock"
echo 4096 > "$instance/buffer_size_kb"
for event in "$@"; do [ ! -e "$instance/events/$event" ] || echo 1 > "$instance/events/$event/enable"; done
echo '# recording'
cat "$instance/trace_pipe" &
reader=$!
read -r _
`;

const FORGET = `instance=${TRACING}/instances/$1; [ ! -d "$instance" ] || { rmdir "$instance" && echo "trace instance $1"; }`;

/** The recorder's container, to be started attached; it writes `# recording` once it does. */
export function recorderContainer(run: RunIdentity, image: string): Dockerode.ContainerCreateOptions {
	return { name: recorderOf(run), ...tracingContainer(image, labelsOf(run), ['sh', '-c', RECORD, 'recorder', instanceOf(run), ...EVENTS]) };
}

/** A container that removes the trace instance of a run whose recorder could not, and says so. Without a name: several may sweep one run. */
export function forgetfulContainer(run: RunIdentity, image: string, labels: Record<string, string>): Dockerode.ContainerCreateOptions {
	return tracingContainer(image, labels, ['sh', '-c', FORGET, 'forget', instanceOf(run)]);
}

function tracingContainer(image: string, labels: Record<string, string>, command: string[]): Dockerode.ContainerCreateOptions {
	return containerOptions({
		image,
		labels,
		command,
		hostConfig: {
			NetworkMode: 'none',
			Binds: [`${TRACING}:${TRACING}`],
			// Where AppArmor is on, its default profile forbids writing below /sys, also to what was mounted on purpose.
			SecurityOpt: ['apparmor=unconfined'],
		},
	});
}
