import { readPacket } from './link-layers.ts';
import type { PcapRecord } from './pcap-framing.ts';
import { PcapFraming } from './pcap-framing.ts';
import type { CapturedPacket } from './types.ts';

export { type PcapRecord, pcapFile, pcapHeader, pcapRecord } from './pcap-framing.ts';

/** A packet, and its record in the capture. */
export type RecordedPacket = CapturedPacket & { readonly record: PcapRecord };

/**
 * Parses a classic pcap file as it grows, in chunks of any size: from `tcpdump -i any` (LINUX_SLL2), from an Ethernet
 * interface, or from `-i nflog:N`. Never throws: packets that are neither TCP nor ICMP have the kind `other`,
 * and bytes that are in no record are counted.
 */
export class PcapReader {
	readonly #framing = new PcapFraming();

	push(bytes: Uint8Array): RecordedPacket[] {
		return this.#framing.push(bytes).map((record) => Object.assign(readPacket(record), { record }));
	}

	/** The link type in the file's header; undefined until the header was read. */
	get linkType(): number | undefined {
		return this.#framing.linkType;
	}

	/** The number of bytes that were skipped because they are in no record. */
	get unreadBytes(): number {
		return this.#framing.unreadBytes;
	}

	/** The number of bytes of an incomplete record. At the end of a file: of a truncated record. */
	get pendingBytes(): number {
		return this.#framing.pendingBytes;
	}
}
