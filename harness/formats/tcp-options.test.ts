import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { readTcpOptions } from './tcp-options.ts';

function read(bytes: readonly number[] | Uint8Array) {
	const { buffer, length } = Uint8Array.from(bytes);
	return readTcpOptions(new DataView(buffer), 0, length);
}

/** Options on the wire, and how they are parsed. */
const KNOWN: readonly (readonly [name: string, bytes: number[], options: ReturnType<typeof read>])[] = [
	['MSS', [2, 4, 5, 0xb4], { mss: 1460 }],
	['window scale', [3, 3, 7], { windowScale: 7 }],
	['SACK permitted', [4, 2], { sackPermitted: true }],
	[
		'SACK',
		[5, 18, 0, 0, 0, 1, 0, 0, 0, 2, 255, 255, 255, 255, 0, 0, 0, 9],
		{
			sack: [
				{ from: 1, to: 2 },
				{ from: 0xffff_ffff, to: 9 },
			],
		},
	],
	['timestamps', [8, 10, 0, 0, 0, 5, 0, 0, 0, 6], { timestamp: { value: 5, echo: 6 } }],
	// RFC 8684, 3.1 and 3.3: the subtype is the upper half of the first byte.
	['MP_CAPABLE', [30, 4, 0x01, 0x01], { mptcp: 'MP_CAPABLE' }],
	['DSS', [30, 8, 0x20, 0x01, 0, 0, 0, 1], { mptcp: 'DSS' }],
	['a subtype of MPTCP without a name', [30, 3, 0xf0], { mptcp: 'subtype 15' }],
	// RFC 7413, 4.1.1: a cookie of 4 to 16 bytes, or none if one is requested.
	['a Fast Open cookie', [34, 10, 1, 2, 3, 4, 5, 6, 7, 255], { fastOpen: '01020304050607ff' }],
	['Fast Open, asking', [34, 2], { fastOpen: '' }],
	['experimental Fast Open', [254, 4, 0xf9, 0x89], { fastOpen: '' }],
	// RFC 9768, 3.2.3: three counters of 24 bits, or fewer.
	['Accurate ECN', [172, 11, 0, 0, 1, 0, 0, 2, 0, 0, 3], { accurateEcn: 'AccECN0 000001000002000003' }],
	['Accurate ECN, the other order', [174, 5, 0, 0, 1], { accurateEcn: 'AccECN1 000001' }],
	['Accurate ECN, empty', [172, 2], { accurateEcn: 'AccECN0' }],
	['experimental Accurate ECN', [254, 7, 0xac, 0xc1, 0, 0, 9], { accurateEcn: 'AccECN1 000009' }],
];

describe('options', () => {
	test.each(KNOWN)('%s', (_name, bytes, options) => {
		expect(read(bytes)).toEqual(options);
	});

	test('in any order and number, with padding in between, are all parsed', () => {
		// Of two options of the same kind, the later one would count.
		const distinct = fc.uniqueArray(fc.constantFrom(...KNOWN), {
			selector: ([, , options]) => Object.keys(options)[0],
			maxLength: 8,
		});
		fc.assert(
			fc.property(distinct, fc.nat(3), (some, padding) => {
				const bytes = some.flatMap(([, one]) => [...Array<number>(padding).fill(1), ...one]);
				expect(read([...bytes, 0, 2, 4, 9, 9])).toEqual(Object.assign({}, ...some.map(([, , options]) => options)));
			}),
		);
	});

	test('may contain several of MPTCP', () => {
		expect(read([30, 4, 0x20, 1, 30, 4, 0x30, 1])).toEqual({ mptcp: 'DSS, ADD_ADDR' });
	});

	test.each([
		['of an unknown kind', [253, 4, 1, 2]],
		['of an unknown experiment', [254, 4, 1, 2]],
		['of an experiment without a complete identifier', [254, 3, 1]],
		['with a wrong length', [2, 3, 5]],
		['longer than the header', [2, 40, 5, 0xb4]],
		['without a length', [2]],
		['with a length below two', [2, 1, 5, 5]],
		['after the end', [0, 2, 4, 5, 0xb4]],
	])('%s are ignored', (_what, bytes) => {
		expect(read(bytes)).toEqual({});
	});

	test('of arbitrary bytes, truncated anywhere, never throw', () => {
		const anything = fc.oneof(
			fc.uint8Array({ maxLength: 40 }),
			fc.constantFrom(...KNOWN).map(([, bytes]) => Uint8Array.from(bytes)),
		);
		fc.assert(
			fc.property(anything, fc.nat(40), (bytes, length) => {
				expect(typeof read(bytes.subarray(0, length))).toBe('object');
			}),
			{ numRuns: 1_000 },
		);
	});
});
