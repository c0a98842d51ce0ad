import type { RunIdentity } from './engine.ts';

/** The tracepoints that are recorded. Those that a kernel lacks are skipped (inet_sk_error_report before 5.14). */
const TRACED_EVENTS = [
	'sock/inet_sock_set_state',
	'sock/inet_sk_error_report',
	'tcp/tcp_send_reset',
	'tcp/tcp_receive_reset',
	'tcp/tcp_retransmit_skb',
];

export const TRACING = '/sys/kernel/tracing';
/** The line that the recorder prints when it records. */
export const RECORDING = '# recording';

/** The beginning of its last line. */
const ENDED = '# ended:';

/** The recorder of a run. */
export interface Recorder {
	/** `yes`, or the reason why it does not record. */
	readonly recording: string;
	stop(): Promise<void>;
}

/** Returns the name of a run's trace instance. */
const instanceName = (run: RunIdentity) => `halfopen-${run.id}`;

/**
 * Records one trace instance for all labs of the run. The recorder ends and removes its instance when its standard
 * input ends, because the runner is gone, or when its reader has ended, so that labs notice. `trace_clock=tai` follows
 * steps of the wall clock. Kernels before 5.18 have only the time since boot, and the difference is measured against
 * the captures.
 */
const RECORD = `
instance=${TRACING}/instances/$1; shift
mkdir "$instance" || exit 1
finish() { trap - EXIT TERM; exec 2>/dev/null; kill "$reader" "$runner"; wait "$reader"; rmdir "$instance"; exit 0; }
trap finish EXIT TERM
grep -q tai "$instance/trace_clock" && clock=tai || clock=boot
echo $clock > "$instance/trace_clock"
echo 4096 > "$instance/buffer_size_kb"
for event in "$@"; do [ ! -e "$instance/events/$event" ] || echo 1 > "$instance/events/$event/enable"; done
echo '${RECORDING}'
exec 3<&0
cat "$instance/trace_pipe" &
reader=$!
{ read -r _; kill "$reader"; } <&3 &
runner=$!
wait "$reader" 2>/dev/null
echo "${ENDED} the reader of the trace pipe has ended (cat: status $?)"
`;

const REMOVE_INSTANCE = `instance=${TRACING}/instances/$1
[ ! -d "$instance" ] || { rmdir "$instance" && echo "trace instance $1"; }`;

/** Returns the recorder's command. It prints `# recording`, then the trace as text. */
export function recorderCommand(run: RunIdentity): string[] {
	return ['sh', '-c', RECORD, 'recorder', instanceName(run), ...TRACED_EVENTS];
}

/** Returns a command that removes the trace instance of a run whose recorder was killed, and prints its name. */
export function removeInstanceCommand(run: RunIdentity): string[] {
	return ['sh', '-c', REMOVE_INSTANCE, 'remove-instance', instanceName(run)];
}
