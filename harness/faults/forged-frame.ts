import { addressBytes } from '../formats/address.ts';
import { PROTOCOL } from '../formats/captured.ts';
import type { Endpoint } from '../formats/types.ts';
import { FLAG_BITS } from '../tcp/flags.ts';

/** A TCP segment without options, and the MACs of the frame that carries it. */
export interface ForgedSegment {
	readonly fromMac: string;
	readonly toMac: string;
	readonly from: Endpoint;
	readonly to: Endpoint;
	/** As tcpdump writes them. */
	readonly flags: string;
	readonly seq: number;
	readonly ack: number;
	readonly window: number;
	readonly ipId: number;
	readonly data: Uint8Array;
}

const TCP_HEADER = 20;
const TTL = 64;
const DONT_FRAGMENT = 0x40;

/** Returns the Ethernet frame of a segment, over IPv4 or IPv6 according to its addresses. */
export function forgedFrame(segment: ForgedSegment): Buffer {
	const [from, to] = [addressBytes(segment.from.address), addressBytes(segment.to.address)];
	const tcp = tcpOf(segment, [...from, ...to]);
	const isV4 = from.length === 4;
	const ip = isV4 ? ipv4Header(tcp.length, segment.ipId, from, to) : ipv6Header(tcp.length, from, to);
	const macs = [segment.toMac, segment.fromMac].flatMap((mac) =>
		mac.split(':').map((byte) => Number.parseInt(byte, 16)),
	);
	return Buffer.concat([Buffer.from([...macs, ...(isV4 ? [0x08, 0x00] : [0x86, 0xdd])]), ip, tcp]);
}

function tcpOf({ from, to, flags, seq, ack, window, data }: ForgedSegment, addresses: readonly number[]): Buffer {
	const tcp = Buffer.alloc(TCP_HEADER + data.length);
	tcp.writeUInt16BE(from.port, 0);
	tcp.writeUInt16BE(to.port, 2);
	tcp.writeUInt32BE(seq, 4);
	tcp.writeUInt32BE(ack, 8);
	tcp[12] = (TCP_HEADER / 4) << 4;
	tcp[13] = FLAG_BITS.reduce((bits, [letter, bit]) => (flags.includes(letter) ? bits | bit : bits), 0);
	tcp.writeUInt16BE(window, 14);
	tcp.set(data, TCP_HEADER);
	const pseudoHeader = [...addresses, 0, PROTOCOL.TCP, tcp.length >> 8, tcp.length & 0xff];
	tcp.writeUInt16BE(checksum([...pseudoHeader, ...tcp]), 16);
	return tcp;
}

function ipv4Header(payload: number, ipId: number, from: readonly number[], to: readonly number[]): Buffer {
	const header = Buffer.from([0x45, 0, 0, 0, 0, 0, DONT_FRAGMENT, 0, TTL, PROTOCOL.TCP, 0, 0, ...from, ...to]);
	header.writeUInt16BE(header.length + payload, 2);
	header.writeUInt16BE(ipId, 4);
	header.writeUInt16BE(checksum(header), 10);
	return header;
}

function ipv6Header(payload: number, from: readonly number[], to: readonly number[]): Buffer {
	const header = Buffer.from([0x60, 0, 0, 0, 0, 0, PROTOCOL.TCP, TTL, ...from, ...to]);
	header.writeUInt16BE(payload, 4);
	return header;
}

/** The Internet checksum (RFC 1071). */
function checksum(bytes: ArrayLike<number>): number {
	let sum = 0;
	for (let index = 0; index < bytes.length; index += 2) sum += ((bytes[index] ?? 0) << 8) | (bytes[index + 1] ?? 0);
	while (sum > 0xffff) sum = (sum & 0xffff) + (sum >>> 16);
	return ~sum & 0xffff;
}
