import { OWN_CHAIN } from '../formats/iptables.ts';
import type { RecordedPacket } from '../formats/pcap.ts';
import type { PacketObservation } from '../timeline/packet-join.ts';
import { SNAPSHOT_BYTES } from './capture.ts';

/** The netfilter log group that all faults of a host log to. */
const NFLOG_GROUP = 1;

/** The firewall's log, as an interface name for tcpdump. */
export const LOG_INTERFACE = `nflog:${NFLOG_GROUP}`;

const VERDICTS = ['DROP', 'REJECT'] as const;
type LoggedVerdict = (typeof VERDICTS)[number];

/** Returns the target of a rule that logs each packet, to be put before the rule of the fault with this verdict. */
export const logTarget = (fault: string, verdict: LoggedVerdict): string => logAs(`${fault} ${verdict}`);

/** Returns the statement of nft(8) that logs what a fault drops or rejects on the wire. */
export const logOnWire = (fault: string, verdict: LoggedVerdict = 'DROP'): string =>
	`log prefix "${fault} ${verdict}" group ${NFLOG_GROUP} snaplen ${SNAPSHOT_BYTES} queue-threshold 1`;

/** Parses a log prefix. Returns the fault and its verdict; undefined if no fault logged the packet. */
function readLogPrefix(prefix = ''): { readonly by: string; readonly verdict: LoggedVerdict } | undefined {
	const [by = '', last] = prefix.split(' ');
	const verdict = VERDICTS.find((one) => one === last);
	// Foreign rules may log to the same group.
	return verdict && { by, verdict };
}

/** Converts an entry of the log to an observation; undefined if no fault logged the packet. */
export function readLogEntry(
	packet: RecordedPacket,
): Pick<PacketObservation, 'what' | 'packet' | 'by' | 'rejected'> | undefined {
	if (packet.kind === 'other') return undefined;
	const logged = readLogPrefix(packet.prefix);
	return logged && { what: 'dropped', packet, by: logged.by, ...(logged.verdict === 'REJECT' && { rejected: true }) };
}

/**
 * The chain that logs sentinels. It is in upper case, so it cannot be the chain of a fault, whose name is in lower
 * case.
 */
const SENTINEL_CHAIN = `${OWN_CHAIN}SENTINEL`;

/** Lines for iptables-restore that log the host's sentinels, which show that the log is complete. */
export const SENTINEL_RULES: readonly string[] = [
	`:${SENTINEL_CHAIN} - [0:0]`,
	`-A ${SENTINEL_CHAIN} ${logAs('sentinel -')}`,
	`-I OUTPUT 1 -o lo -p tcp --syn -j ${SENTINEL_CHAIN}`,
];

/** Returns an NFLOG target. `--nflog-size` cuts packets to their headers; threshold 1 sends each packet at once. */
function logAs(prefix: string): string {
	const limits = `--nflog-size ${SNAPSHOT_BYTES} --nflog-threshold 1`;
	return `-j NFLOG --nflog-group ${NFLOG_GROUP} --nflog-prefix "${prefix}" ${limits}`;
}
