/**
 * Programs of classic BPF for `-m bpf` of iptables. No other match knows how long a TCP header is. They read a packet
 * from its IP header on, of either version.
 *
 * An IPv6 packet is taken to have no extension headers: no stack of a lab sends TCP with any.
 */

/** The codes of instructions (linux/filter.h, linux/bpf_common.h). `x` is the second register. */
const LOAD_BYTE = 0x30;
const LOAD_BYTE_FROM_X = 0x50;
const LOAD_PACKET_LENGTH = 0x80;
const LOAD_X = 0x01;
/** x = 4 × the lower half of a byte, which is the length of an IPv4 header. */
const LOAD_X_HEADER_LENGTH = 0xb1;
const AND = 0x54;
const SHIFT_RIGHT = 0x74;
const ADD_X = 0x0c;
const SUBTRACT_X = 0x1c;
const COPY_TO_X = 0x07;
const JUMP = 0x05;
const JUMP_IF_EQUAL = 0x15;
const JUMP_IF_ABOVE = 0x25;
const JUMP_IF_AT_LEAST = 0x35;
const RETURN = 0x06;

/** An instruction: its code, how many to skip if its condition is true or false, and its operand. */
type Instruction = readonly [code: number, ifTrue: number, ifFalse: number, operand: number];

/** Leaves the length of the IP header and the TCP header together in the first register. */
const HEADER_LENGTH: readonly Instruction[] = [
	[LOAD_BYTE, 0, 0, 0],
	[AND, 0, 0, 0xf0],
	[JUMP_IF_EQUAL, 2, 0, 0x60],
	[LOAD_X_HEADER_LENGTH, 0, 0, 0],
	[JUMP, 0, 0, 1],
	// RFC 8200, 3.
	[LOAD_X, 0, 0, 40],
	// The Data Offset, in units of 4 bytes, is the upper half of this byte (RFC 9293, 3.1).
	[LOAD_BYTE_FROM_X, 0, 0, 12],
	[AND, 0, 0, 0xf0],
	[SHIFT_RIGHT, 0, 0, 2],
	[ADD_X, 0, 0, 0],
];

const MATCHES: Instruction = [RETURN, 0, 0, 1];
const DIFFERS: Instruction = [RETURN, 0, 0, 0];

/** The lengths that IP and TCP headers can have together: from 20 + 20 to 60 + 60 bytes. */
export const HEADER_LENGTHS: readonly number[] = Array.from({ length: 21 }, (_, words) => 40 + 4 * words);

/** Returns a program that matches packets whose IP and TCP headers have so many bytes together. */
export const headersOf = (bytes: number): string =>
	bytecode([...HEADER_LENGTH, [JUMP_IF_EQUAL, 0, 1, bytes], MATCHES, DIFFERS]);

/** Returns a program that matches segments with so many bytes of data. */
export const dataOf = ({ atLeast, atMost }: { readonly atLeast: number; readonly atMost: number }): string =>
	bytecode([
		...HEADER_LENGTH,
		[COPY_TO_X, 0, 0, 0],
		[LOAD_PACKET_LENGTH, 0, 0, 0],
		[SUBTRACT_X, 0, 0, 0],
		[JUMP_IF_AT_LEAST, 0, 2, atLeast],
		[JUMP_IF_ABOVE, 1, 0, atMost],
		MATCHES,
		DIFFERS,
	]);

/** Formats a program as for `--bytecode`: how many instructions, then each (iptables-extensions(8), bpf). */
const bytecode = (program: readonly Instruction[]): string =>
	[program.length, ...program.map((instruction) => instruction.join(' '))].join(',');
