import { type CaptureMetadata, undecodable } from './captured.ts';
import { readIpv4 } from './ipv4.ts';
import { readIpv6 } from './ipv6.ts';
import type { PcapRecord } from './pcap-framing.ts';
import type { CapturedPacket, Writable } from './types.ts';

/** Link types (https://www.tcpdump.org/linktypes.html). */
export const LINK_TYPE = { EN10MB: 1, NFLOG: 239, LINUX_SLL2: 276 } as const;

/** Parses the packet in a record of a capture. */
export function readPacket(record: PcapRecord): CapturedPacket {
	// Rounded down to microseconds, so that a time is the same number for files of any precision.
	const t = (record.seconds * 1_000_000 + Math.floor(record.nanoseconds / 1_000)) / 1_000_000;
	switch (record.linkType) {
		case LINK_TYPE.LINUX_SLL2:
			return readCooked(t, record);
		case LINK_TYPE.EN10MB:
			return readEthernet(t, record);
		case LINK_TYPE.NFLOG:
			return readNflog(t, record);
		default:
			return undecodable({ t }, `link type ${record.linkType}`);
	}
}

/** PACKET_OTHERHOST and PACKET_OUTGOING (include/uapi/linux/if_packet.h). */
const TO_ANOTHER_HOST = 3;
const OUTGOING = 4;
/** ARPHRD_LOOPBACK (include/uapi/linux/if_arp.h). */
const LOOPBACK = 772;

/**
 * Parses LINUX_SLL2 (https://www.tcpdump.org/linktypes/LINKTYPE_LINUX_SLL2.html): protocol, reserved, interface,
 * ARPHRD, packet type, length and 8 bytes of address.
 */
function readCooked(t: number, { bytes, originalLength }: PcapRecord): CapturedPacket {
	const headerLength = 20;
	if (bytes.length < headerLength) return undecodable({ t }, 'truncated cooked header');
	const packetType = bytes[10] ?? 0;
	// The capture also shows frames to another machine's address, e.g. flooded by a bridge. The host ignores them.
	const direction = packetType === OUTGOING ? 'out' : packetType === TO_ANOTHER_HOST ? undefined : 'in';
	const metadata: Writable<CaptureMetadata> = direction ? { t, direction } : { t };
	if (uint16(bytes, 8) === LOOPBACK) metadata.loopback = true;
	return readEtherType(metadata, uint16(bytes, 0), bytes.subarray(headerLength), originalLength - headerLength);
}

function readEthernet(t: number, { bytes, originalLength }: PcapRecord): CapturedPacket {
	const headerLength = 14;
	if (bytes.length < headerLength) return undecodable({ t }, 'truncated Ethernet header');
	return readEtherType({ t }, uint16(bytes, 12), bytes.subarray(headerLength), originalLength - headerLength);
}

const ETHER_TYPE_NAMES = new Map([
	[0x0806, 'arp'],
	[0x8100, 'vlan'],
	[0x88cc, 'lldp'],
]);

function readEtherType(
	metadata: CaptureMetadata,
	etherType: number,
	bytes: Uint8Array,
	originalLength: number,
): CapturedPacket {
	if (etherType === 0x0800) return readIpv4(metadata, bytes, originalLength);
	if (etherType === 0x86dd) return readIpv6(metadata, bytes, originalLength);
	return {
		kind: 'other',
		...metadata,
		what: ETHER_TYPE_NAMES.get(etherType) ?? `ethertype 0x${etherType.toString(16).padStart(4, '0')}`,
	};
}

const NFLOG_HEADER_LENGTH = 4;
/** NFULA_PAYLOAD and NFULA_PREFIX (include/uapi/linux/netfilter/nfnetlink_log.h). */
const PAYLOAD = 9;
const PREFIX = 10;

/**
 * Parses NFLOG (https://www.tcpdump.org/linktypes/LINKTYPE_NFLOG.html): a header of 4 bytes, then values with length
 * and type in the byte order of the machine.
 */
function readNflog(t: number, record: PcapRecord): CapturedPacket {
	const { bytes, originalLength } = record;
	if (bytes.length < NFLOG_HEADER_LENGTH) return undecodable({ t }, 'truncated NFLOG header');
	const values = readNflogValues(record);
	const prefixBytes = values.get(PREFIX);
	const prefix = prefixBytes && new TextDecoder('latin1').decode(prefixBytes).replace(/\0.*$/s, '');
	const metadata = prefix === undefined ? { t } : { t, prefix };
	const payload = values.get(PAYLOAD);
	if (!payload) return undecodable(metadata, 'NFLOG without payload');
	return readBareIp(metadata, payload, originalLength - (bytes.length - payload.length));
}

function readNflogValues({ bytes, littleEndian }: PcapRecord): Map<number, Uint8Array> {
	const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
	const values = new Map<number, Uint8Array>();
	for (let at = NFLOG_HEADER_LENGTH; at + 4 <= bytes.length; ) {
		const length = view.getUint16(at, littleEndian);
		if (length < 4) break;
		// A snapshot may end inside the payload. The rest is enough for the headers.
		values.set(view.getUint16(at + 2, littleEndian), bytes.subarray(at + 4, Math.min(at + length, bytes.length)));
		at += Math.ceil(length / 4) * 4;
	}
	return values;
}

/** Parses an IP packet without a header of its link. */
export function readBareIp(metadata: CaptureMetadata, bytes: Uint8Array, originalLength: number): CapturedPacket {
	const version = (bytes[0] ?? 0) >> 4;
	return version === 6 ? readIpv6(metadata, bytes, originalLength) : readIpv4(metadata, bytes, originalLength);
}

function uint16(bytes: Uint8Array, at: number): number {
	return ((bytes[at] ?? 0) << 8) | (bytes[at + 1] ?? 0);
}
