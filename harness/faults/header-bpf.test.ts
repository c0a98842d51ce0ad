import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { dataOf, HEADER_LENGTHS, headersOf } from './header-bpf.ts';

/**
 * Runs a program as the kernel does (net/core/filter.c, and the manual of bpf_asm in Documentation/networking/filter.rst).
 * Returns its result.
 */
function run(bytecode: string, packet: Uint8Array): number {
	const [count, ...instructions] = bytecode.split(',');
	expect(Number(count)).toBe(instructions.length);
	const program = instructions.map((text) => text.split(' ').map(Number) as [number, number, number, number]);
	let [a, x] = [0, 0];
	for (let at = 0; at < program.length; at++) {
		const [code, ifTrue, ifFalse, k] = program[at] as (typeof program)[number];
		const jump = (holds: boolean) => {
			at += holds ? ifTrue : ifFalse;
		};
		if (code === 0x30) a = packet[k] as number;
		else if (code === 0x50) a = packet[x + k] as number;
		else if (code === 0x80) a = packet.length;
		else if (code === 0x01) x = k;
		else if (code === 0xb1) x = 4 * ((packet[k] as number) & 0xf);
		else if (code === 0x54) a &= k;
		else if (code === 0x74) a >>>= k;
		else if (code === 0x0c) a += x;
		else if (code === 0x1c) a = (a - x) >>> 0;
		else if (code === 0x07) x = a;
		else if (code === 0x05) at += k;
		else if (code === 0x15) jump(a === k);
		else if (code === 0x25) jump(a > k);
		else if (code === 0x35) jump(a >= k);
		else if (code === 0x06) return k;
		else throw new Error(`Unknown instruction ${code}.`);
	}
	throw new Error('The program has no end.');
}

/** Packets of both versions with any headers; all their other bytes are random. */
const packets = fc
	.record({
		version: fc.constantFrom(4, 6),
		ipWords: fc.integer({ min: 5, max: 15 }),
		tcpWords: fc.integer({ min: 5, max: 15 }),
		data: fc.integer({ min: 0, max: 3_000 }),
		noise: fc.uint8Array({ minLength: 120, maxLength: 120 }),
	})
	.map(({ version, ipWords, tcpWords, data, noise }) => {
		const ip = version === 4 ? 4 * ipWords : 40;
		const packet = new Uint8Array(ip + 4 * tcpWords + data);
		packet.set(noise.subarray(0, packet.length));
		const low = (noise[0] as number) & 0xf;
		packet[0] = (version << 4) | (version === 4 ? ipWords : low);
		packet[ip + 12] = (tcpWords << 4) | low;
		return { packet, headers: ip + 4 * tcpWords, data };
	});

describe('a program of BPF', () => {
	test('has as many instructions as it says, each with its code, its jumps and its operand', () => {
		expect(headersOf(40)).toBe(
			'13,48 0 0 0,84 0 0 240,21 2 0 96,177 0 0 0,5 0 0 1,1 0 0 40,80 0 0 12,84 0 0 240,116 0 0 2,12 0 0 0,' +
				'21 0 1 40,6 0 0 1,6 0 0 0',
		);
	});

	test('finds the length of the headers', () => {
		fc.assert(
			fc.property(packets, ({ packet, headers }) => {
				expect(HEADER_LENGTHS.filter((bytes) => run(headersOf(bytes), packet) === 1)).toEqual([headers]);
			}),
		);
	});

	test('finds the length of the data', () => {
		const bounds = fc.tuple(fc.nat(3_000), fc.nat(3_000)).map(([a, b]) => [Math.min(a, b), Math.max(a, b)] as const);
		fc.assert(
			fc.property(packets, bounds, ({ packet, data }, [atLeast, atMost]) => {
				expect(run(dataOf({ atLeast: data, atMost: data }), packet)).toBe(1);
				expect(run(dataOf({ atLeast: data + 1, atMost: data + 1 }), packet)).toBe(0);
				expect(run(dataOf({ atLeast, atMost }), packet)).toBe(data >= atLeast && data <= atMost ? 1 : 0);
			}),
		);
	});
});
