import { LINK_TYPE } from '../harness/formats/link-layers.ts';
import { type PcapRecord, pcapHeader, pcapRecord } from '../harness/formats/pcap.ts';
import { SNAPSHOT_BYTES } from '../harness/probes/capture.ts';
import { type HostName, otherHost } from '../harness/timeline/events.ts';

/** Addresses and MSS as in a lab without offloads (MTU 1500, timestamps). */
export const ADDRESSES = { client: '198.18.0.2', server: '198.18.0.3' } as const;
const MSS = 1_448;
const PORTS = { client: 50_000, server: 8080 } as const;
/** The start of the transfer, in seconds since the epoch, and the delay of the wire. */
const START = 1_800_000_000;
const TRAVEL_NS = 20_000;
/** The time from one data segment to the next. */
const PACE_NS = 12_000;
/** A lost segment is retransmitted after so many further segments (fast retransmit, after a round trip). */
const REPAIR = 12;

const FLAG = { SYN: 0x02, PSH: 0x08, ACK: 0x10 } as const;

interface TransferPacket {
	readonly from: HostName;
	readonly seq: number;
	readonly ack: number;
	readonly flags: number;
	readonly length: number;
	readonly sack?: readonly [number, number] | undefined;
	readonly lost?: boolean;
}

/**
 * Returns the captures of both hosts of a transfer from client to server. One in a hundred data segments is lost on the
 * wire and retransmitted.
 */
export function transfer(bytes: number): {
	readonly client: Uint8Array;
	readonly server: Uint8Array;
	readonly packets: number;
} {
	const captures = { client: new Pcap(), server: new Pcap() };
	let now = 0;
	const send = (sent: TransferPacket, ns = PACE_NS) => {
		now += ns;
		captures[sent.from].add(packet(sent, captures[sent.from].count), now, true);
		if (!sent.lost)
			captures[otherHost(sent.from)].add(packet(sent, captures[sent.from].count - 1), now + TRAVEL_NS, false);
	};
	const data = (index: number, lost = false) =>
		send({
			from: 'client',
			seq: 1 + index * MSS,
			ack: 1,
			flags: FLAG.ACK | (index % 10 === 9 ? FLAG.PSH : 0),
			length: MSS,
			lost,
		});
	const acknowledge = (ack: number, sack?: readonly [number, number]) =>
		send({ from: 'server', seq: 1, ack, flags: FLAG.ACK, length: 0, sack }, 1_000);

	send({ from: 'client', seq: 0, ack: 0, flags: FLAG.SYN, length: 0 });
	send({ from: 'server', seq: 0, ack: 1, flags: FLAG.SYN | FLAG.ACK, length: 0 });
	acknowledge(1);
	const segments = Math.ceil(bytes / MSS);
	let hole: number | undefined;
	for (let index = 0; index < segments; index++) {
		const lost = hole === undefined && index % 100 === 50;
		data(index, lost);
		if (lost) hole = index;
		else if (hole !== undefined) acknowledge(1 + hole * MSS, [1 + (hole + 1) * MSS, 1 + (index + 1) * MSS]);
		else if (index % 2 === 1) acknowledge(1 + (index + 1) * MSS);
		if (hole === undefined || index - hole < REPAIR) continue;
		data(hole);
		hole = undefined;
		acknowledge(1 + (index + 1) * MSS);
	}
	return {
		client: captures.client.bytes,
		server: captures.server.bytes,
		packets: captures.client.count + captures.server.count,
	};
}

function packet(
	{ from, seq, ack, flags, length, sack }: TransferPacket,
	id: number,
): { bytes: Uint8Array; originalLength: number } {
	const options = [
		1,
		1,
		8,
		10,
		...uint32(id),
		...uint32(7),
		...(sack ? [1, 1, 5, 10, ...uint32(sack[0]), ...uint32(sack[1])] : []),
	];
	const header = 20 + options.length;
	const to = otherHost(from);
	const ip = [
		0x45,
		0,
		...uint16(20 + header + length),
		...uint16(id & 0xffff),
		0x40,
		0,
		64,
		6,
		0,
		0,
		...address(from),
		...address(to),
	];
	const tcp = [
		...uint16(PORTS[from]),
		...uint16(PORTS[to]),
		...uint32(seq),
		...uint32(ack),
		(header / 4) << 4,
		flags,
		...uint16(502),
		0,
		0,
		0,
		0,
	];
	const cooked = [...uint16(0x0800), 0, 0, ...uint32(2), ...uint16(1), 0, 6, ...Array<number>(8).fill(0)];
	const bytes = new Uint8Array(Math.min(SNAPSHOT_BYTES, cooked.length + 20 + header + length));
	bytes.set([...cooked, ...ip, ...tcp, ...options]);
	return { bytes, originalLength: cooked.length + 20 + header + length };
}

const uint16 = (value: number) => [(value >> 8) & 255, value & 255];
const uint32 = (value: number) => [...uint16(value >>> 16), ...uint16(value & 0xffff)];
const address = (host: HostName) => ADDRESSES[host].split('.').map(Number);

/** The offset of the packet type in the cooked header: PACKET_OUTGOING or PACKET_HOST. */
const PACKET_TYPE = 10;
const OUTGOING = 4;

class Pcap {
	count = 0;
	readonly #parts: Uint8Array[] = [pcapHeader(LINK_TYPE.LINUX_SLL2)];

	add({ bytes, originalLength }: { bytes: Uint8Array; originalLength: number }, ns: number, left: boolean): void {
		if (left) bytes[PACKET_TYPE] = OUTGOING;
		const record: PcapRecord = {
			seconds: START + Math.floor(ns / 1e9),
			nanoseconds: ns % 1e9,
			bytes,
			originalLength,
			linkType: LINK_TYPE.LINUX_SLL2,
			littleEndian: true,
		};
		this.#parts.push(pcapRecord(record));
		this.count++;
	}

	get bytes(): Uint8Array {
		return Buffer.concat(this.#parts);
	}
}
