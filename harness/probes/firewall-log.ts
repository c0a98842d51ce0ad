import { OWN_CHAIN } from '../formats/iptables.ts';
import type { RecordedPacket } from '../formats/pcap.ts';
import type { PacketObservation } from '../timeline/packet-join.ts';
import { SNAPSHOT_BYTES } from './capture.ts';

/** The netfilter log group that all faults of a host log to. */
const NFLOG_GROUP = 1;

/** The log, as an interface of tcpdump. */
export const LOG_INTERFACE = `nflog:${NFLOG_GROUP}`;

const VERDICTS = ['DROP', 'REJECT'] as const;
type LoggedVerdict = (typeof VERDICTS)[number];

/** The target of a rule that logs each packet, before another rule does this with it in the name of a fault. */
export const logTarget = (fault: string, verdict: LoggedVerdict): string => logAs(`${fault} ${verdict}`);

/** Which fault dropped a logged packet, and whether the packet was answered; undefined if no fault logged it. */
function readLogPrefix(prefix = ''): { readonly by: string; readonly verdict: LoggedVerdict } | undefined {
	const [by = '', last] = prefix.split(' ');
	const verdict = VERDICTS.find((one) => one === last);
	// Rules that are not the lab's may log to the same group.
	return verdict && { by, verdict };
}

/** What an entry of the log tells of a packet; undefined if no fault logged it. */
export function readLogEntry(
	packet: RecordedPacket,
): Pick<PacketObservation, 'what' | 'packet' | 'by' | 'rejected'> | undefined {
	if (packet.kind === 'other') return undefined;
	const logged = readLogPrefix(packet.prefix);
	return logged && { what: 'dropped', packet, by: logged.by, ...(logged.verdict === 'REJECT' && { rejected: true }) };
}

/** Names of faults are in lower case, so this chain, in upper case, belongs to none of them. */
const SENTINEL_CHAIN = `${OWN_CHAIN}SENTINEL`;

/** Lines for iptables-restore: the log shows the host's sentinels, too, so that it is known to be complete. */
export const SENTINEL_RULES: readonly string[] = [
	`:${SENTINEL_CHAIN} - [0:0]`,
	`-A ${SENTINEL_CHAIN} ${logAs('sentinel -')}`,
	`-I OUTPUT 1 -o lo -p tcp --syn -j ${SENTINEL_CHAIN}`,
];

/** The kernel cuts each packet to its headers, and with threshold 1 sends each packet at once. */
function logAs(prefix: string): string {
	const limits = `--nflog-size ${SNAPSHOT_BYTES} --nflog-threshold 1`;
	return `-j NFLOG --nflog-group ${NFLOG_GROUP} --nflog-prefix "${prefix}" ${limits}`;
}
