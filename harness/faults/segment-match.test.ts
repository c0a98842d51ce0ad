import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { z } from 'zod';
import { HalfopenError } from '../errors.ts';
import { assertPort } from '../tcp/port.ts';
import { checked } from '../util/options.ts';
import { choiceShape, describeMatch, parseMatch, type SegmentMatch, segmentShape } from './segment-match.ts';

const refusalOf = (work: () => unknown): HalfopenError => {
	try {
		work();
	} catch (error) {
		if (error instanceof HalfopenError) return error;
	}
	throw new Error('It was not refused.');
};

const schema = z.strictObject({ ...segmentShape, ...choiceShape });
const parse = (match: unknown) => parseMatch(checked(schema, match, 'drop') as SegmentMatch);

test('a match is read as numbers, bytes and lists', () => {
	expect(parse({})).toEqual({});
	expect(
		parse({
			sourcePort: 50_000,
			destinationPort: 8080,
			sourceAddress: '198.18.0.2',
			destinationAddress: '198.18.0.0/29',
			tcpFlags: 'PSH,SYN PSH',
			length: { atLeast: 3 },
			option: 'TS',
			payload: 'é',
			every: 2,
			probability: 1,
		}),
	).toEqual({
		sourcePort: 50_000,
		destinationPort: 8080,
		sourceAddress: '198.18.0.2',
		destinationAddress: '198.18.0.0/29',
		version: 'ipv4',
		flags: { mask: ['PSH', 'SYN'], set: ['PSH'] },
		length: { atLeast: 3, atMost: 65_535 },
		option: 8,
		payload: Buffer.from([0xc3, 0xa9]),
		every: 2,
		probability: 1,
	});
});

test.each<[SegmentMatch, string]>([
	[{}, ''],
	[{ tcpFlags: ' FIN  FIN ' }, '--tcp-flags FIN FIN'],
	[{ sourceAddress: '198.18.0.2', sourcePort: 1, nth: 3 }, '-s 198.18.0.2 --sport 1 --nth 3'],
	[{ length: 0, option: 'mss' }, '--data-length 0 --tcp-option mss'],
	[{ length: { atLeast: 3 }, option: 253 }, '--data-length 3: --tcp-option 253'],
	[{ length: { atMost: 3 }, payload: 'say "hi"\n' }, '--data-length 0:3 --string "say \\"hi\\"\\n"'],
	[{ payload: new Uint8Array([0, 255]), every: 2, probability: 0.5 }, '--string 00ff --every 2 --probability 0.5'],
])('%j is described as %s', (match, text) => {
	expect(describeMatch(match)).toBe(text);
});

describe('addresses: everything but an address or network is refused', () => {
	test.each([
		'198.18.0.2/0',
		'198.18.0.0/29',
		'0.0.0.0/0',
		'255.255.255.255',
		'198.18.0.2/32',
		'2001:2::2',
		'2001:2::/64',
		'::/0',
	])('%s is valid', (address) => {
		const match = { sourceAddress: address, destinationAddress: address };
		expect(parse(match)).toEqual({ ...match, version: address.includes(':') ? 'ipv6' : 'ipv4' });
	});

	test.each([
		...[
			'',
			'client',
			'localhost',
			'198.18.0',
			'198.18.0.2.',
			'198.18.0.256',
			'198.18.0.02',
			'198.18.0.2/33',
			'198.18.0.2/',
			'198.18.0.2/255.255.255.248',
		],
		...[
			'! 198.18.0.2',
			'198.18.0.2 -j ACCEPT',
			'198.18.0.2\n',
			'198.18.0.2\n-A INPUT -j ACCEPT',
			' 198.18.0.2',
			'198.18.0.2,198.18.0.3',
			'2001:2::2/129',
			'2001:2::g',
			'fe80::1%eth0',
			'"',
		],
	])('%j is invalid', (address) => {
		expect(refusalOf(() => parse({ sourceAddress: address })).code).toBe('ADDRESS_INVALID');
		expect(refusalOf(() => parse({ destinationAddress: address })).code).toBe('ADDRESS_INVALID');
	});

	test('of both versions of IP match no packet', () => {
		const match = { sourceAddress: '198.18.0.2', destinationAddress: '2001:2::2' };
		expect(refusalOf(() => parse(match)).problem).toBe('No packet has an IPv4 and an IPv6 address.');
	});

	test('a valid one consists of digits, separators and a slash', () => {
		fc.assert(
			fc.property(
				fc.oneof(fc.string(), fc.ipV4Extended(), fc.ipV4(), fc.ipV6(), fc.stringMatching(/^[\d./:\n -]{1,20}$/)),
				(sourceAddress) => {
					try {
						expect(parse({ sourceAddress }).sourceAddress).toMatch(/^[\da-f.:]{2,45}(\/\d{1,3})?$/i);
					} catch (error) {
						expect(error).toMatchObject({ code: 'ADDRESS_INVALID' });
					}
				},
			),
		);
	});

	test.each<[string, unknown]>([
		['every', '2'],
		['probability', '0.5\n'],
		['sourcePort', '80'],
		['destinationPort', '80 -j ACCEPT'],
	])('%s cannot be the text %j', (name, value) => {
		expect(refusalOf(() => parse({ [name]: value })).code).toMatch(/OPTION_INVALID|PORT_OUT_OF_RANGE/);
	});
});

describe('flags that match no packet are refused', () => {
	test.each([
		['SYN', 'two lists are needed'],
		['', 'two lists are needed'],
		['SYN ACK FIN', 'two lists are needed'],
		['SYN, ACK SYN', 'two lists are needed'],
		['SYN,XYZ SYN', 'XYZ is not a flag'],
		['SYN SYN,fin', 'fin is not a flag'],
		// NONE must be the only item of its list.
		['SYN,NONE SYN', 'NONE is not a flag'],
		['NONE NONE', 'the list of flags to check is empty'],
		['SYN ACK', 'ACK must be set but is not in the list'],
		['SYN,ACK SYN,FIN,RST', 'FIN, RST must be set but is not in the list'],
	])('“%s”: %s', (tcpFlags, why) => {
		const refusal = refusalOf(() => parse({ tcpFlags }));
		expect(refusal.code).toBe('FLAGS_IMPOSSIBLE');
		expect(refusal.problem).toContain(`“${tcpFlags}” match no packet: ${why}`);
		expect(refusal.remedy).toContain('SYN,RST,ACK SYN,ACK');
	});
});

describe('ports', () => {
	test.each([0, -1, 65_536, 8080.5, Number.NaN, Number.POSITIVE_INFINITY])('%d is refused in every option', (port) => {
		for (const work of [
			() => assertPort(port),
			() => parse({ sourcePort: port }),
			() => parse({ destinationPort: port }),
		]) {
			const refusal = refusalOf(work);
			expect(refusal.code).toBe('PORT_OUT_OF_RANGE');
			expect(refusal.problem).toBe(`${port} is not a TCP port.`);
		}
	});
});

describe('what can match no segment is refused', () => {
	test.each<[string, unknown]>([
		...[0, -2, 1.5, Number.NaN, '2'].map((value): [string, unknown] => ['every', value]),
		...[0, -1, 1.5, 101, '3'].map((value): [string, unknown] => ['nth', value]),
		...[0, 1.01, -0.5, Number.NaN, '0.5\n'].map((value): [string, unknown] => ['probability', value]),
		...[-1, 0.5, 65_536, '100', null, '{}'].map((value): [string, unknown] => ['length', value]),
		...[0, 256, 2.5, 'mms', 'constructor', ''].map((value): [string, unknown] => ['option', value]),
		...['', new Uint8Array(0), 'x'.repeat(129), 'é'.repeat(65), 7].map((value): [string, unknown] => [
			'payload',
			value,
		]),
	])('%s: %p', (name, value) => {
		const refusal = refusalOf(() => parse({ [name]: value }));
		expect(refusal.code).toBe('OPTION_INVALID');
		expect(refusal.problem).toMatch(new RegExp(`^drop: ${name} cannot be `));
	});

	test.each([{ atLeast: -1 }, { atMost: 65_536 }, { atLeast: 3, atMost: 2 }])('length: %j', (length) => {
		expect(refusalOf(() => parse({ length })).code).toBe('OPTION_INVALID');
	});

	test('a misspelt bound of the length', () => {
		expect(refusalOf(() => parse({ length: { atleast: 3 } })).code).toBe('OPTION_UNKNOWN');
	});

	test.each([{ every: 2 }, { probability: 0.5 }])('nth together with %j', (other) => {
		const refusal = refusalOf(() => parse({ nth: 1, ...other }));
		expect(refusal.code).toBe('OPTION_INVALID');
		expect(refusal.problem).toBe(`The match field nth cannot be given together with ${Object.keys(other)[0]}.`);
	});
});
