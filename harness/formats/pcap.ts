import { readPacket } from './link-layers.ts';
import type { PcapRecord } from './pcap-framing.ts';
import { PcapFraming } from './pcap-framing.ts';
import type { CapturedPacket } from './types.ts';

export { readPacket } from './link-layers.ts';
export { type PcapRecord, pcapFile, pcapHeader, pcapRecord } from './pcap-framing.ts';

/** A packet, and the record of the capture that holds it. */
export type RecordedPacket = CapturedPacket & { readonly record: PcapRecord };

/**
 * Reads a classic pcap as it is written, in pieces of any size: from `tcpdump -i any` (LINUX_SLL2), from an Ethernet
 * interface, or from `-i nflog:N`. Never throws: what is neither TCP nor ICMP over IPv4 comes out as `other`, and bytes
 * that are in no record are counted.
 */
export class PcapReader {
	readonly #framing = new PcapFraming();

	push(bytes: Uint8Array): RecordedPacket[] {
		return this.#framing.push(bytes).map((record) => Object.assign(readPacket(record), { record }));
	}

	/** Of the file's header; undefined before it was read. */
	get linkType(): number | undefined {
		return this.#framing.linkType;
	}

	/** Bytes that were skipped because they were in no record. */
	get unreadBytes(): number {
		return this.#framing.unreadBytes;
	}

	/** Bytes of a record that is not complete yet: at the end of a file, of one that was cut. */
	get pendingBytes(): number {
		return this.#framing.pendingBytes;
	}
}
