import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { HalfopenError } from '../errors.ts';
import { assertPort } from '../tcp/port.ts';
import { matchWords, type PacketMatch } from './packets.ts';

const refusalOf = (work: () => unknown): HalfopenError => {
	try {
		work();
	} catch (error) {
		if (error instanceof HalfopenError) return error;
	}
	throw new Error('It was not refused.');
};

describe('the options of iptables', () => {
	test('for an empty match are those of any TCP packet', () => {
		expect(matchWords({})).toEqual(['-p', 'tcp']);
	});

	test.each<[PacketMatch, string]>([
		[{ sourceAddress: '198.18.0.2' }, '-s 198.18.0.2'],
		[{ destinationAddress: '198.18.0.3' }, '-d 198.18.0.3'],
		[{ sourcePort: 1 }, '--sport 1'],
		[{ destinationPort: 65_535 }, '--dport 65535'],
		[{ tcpFlags: 'FIN FIN' }, '--tcp-flags FIN FIN'],
		[{ tcpFlags: 'SYN,RST,ACK SYN,ACK' }, '--tcp-flags SYN,RST,ACK SYN,ACK'],
		[{ tcpFlags: ' SYN\tNONE ' }, '--tcp-flags SYN NONE'],
		[{ tcpFlags: 'ALL NONE' }, '--tcp-flags ALL NONE'],
		[{ tcpFlags: 'ALL FIN,PSH,URG' }, '--tcp-flags ALL FIN,PSH,URG'],
		[{ tcpFlags: 'ALL ALL' }, '--tcp-flags ALL ALL'],
		// The count begins at 0, so that the first packet matches (iptables-extensions(8), statistic).
		[{ every: 3 }, '-m statistic --mode nth --every 3 --packet 0'],
		[{ every: 1 }, '-m statistic --mode nth --every 1 --packet 0'],
		[{ probability: 0.25 }, '-m statistic --mode random --probability 0.25'],
		[{ probability: 1 }, '-m statistic --mode random --probability 1'],
		// The name and the direction are not part of the match.
		[{ name: 'lost', direction: 'out' }, ''],
	])('for %j are %s', (match, words) => {
		expect(matchWords(match).join(' ')).toBe(['-p tcp', words].filter(Boolean).join(' '));
	});

	test('for all properties end with `every`, so that it counts only packets that match the others', () => {
		const match = {
			every: 2,
			tcpFlags: 'PSH PSH',
			destinationPort: 8080,
			sourcePort: 50_000,
			sourceAddress: '198.18.0.2',
			destinationAddress: '198.18.0.0/29',
		};
		expect(matchWords(match).join(' ')).toBe(
			'-p tcp -s 198.18.0.2 -d 198.18.0.0/29 --sport 50000 --dport 8080 --tcp-flags PSH PSH -m statistic --mode ' +
				'nth --every 2 --packet 0',
		);
	});
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
		expect(matchWords({ sourceAddress: address, destinationAddress: address })).toEqual([
			'-p',
			'tcp',
			'-s',
			address,
			'-d',
			address,
		]);
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
		expect(refusalOf(() => matchWords({ sourceAddress: address })).code).toBe('ADDRESS_INVALID');
		expect(refusalOf(() => matchWords({ destinationAddress: address })).code).toBe('ADDRESS_INVALID');
	});

	test('a valid one consists of digits, separators and a slash', () => {
		fc.assert(
			fc.property(
				fc.oneof(fc.string(), fc.ipV4Extended(), fc.ipV4(), fc.ipV6(), fc.stringMatching(/^[\d./:\n -]{1,20}$/)),
				(sourceAddress) => {
					try {
						expect(matchWords({ sourceAddress })[3]).toMatch(/^[\da-f.:]{2,45}(\/\d{1,3})?$/i);
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
		expect(refusalOf(() => matchWords({ [name]: value } as PacketMatch)).code).toMatch(
			/OPTION_INVALID|PORT_OUT_OF_RANGE/,
		);
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
		const refusal = refusalOf(() => matchWords({ tcpFlags }));
		expect(refusal.code).toBe('FLAGS_IMPOSSIBLE');
		expect(refusal.problem).toContain(`“${tcpFlags}” match no packet: ${why}`);
		expect(refusal.remedy).toContain('SYN,RST,ACK SYN,ACK');
	});

	test('and all others are passed on unchanged', () => {
		const flags = ['SYN', 'ACK', 'FIN', 'RST', 'URG', 'PSH'];
		const lists = fc
			.subarray(flags, { minLength: 1 })
			.chain((mask) =>
				fc.subarray(mask).map((set) => `${mask.join(',')} ${set.length === 0 ? 'NONE' : set.join(',')}`),
			);
		fc.assert(
			fc.property(lists, (tcpFlags) =>
				expect(matchWords({ tcpFlags })).toEqual(['-p', 'tcp', '--tcp-flags', ...tcpFlags.split(' ')]),
			),
		);
	});
});

describe('ports', () => {
	test.each([0, -1, 65_536, 8080.5, Number.NaN, Number.POSITIVE_INFINITY])('%d is refused in every option', (port) => {
		for (const work of [
			() => assertPort(port),
			() => matchWords({ sourcePort: port }),
			() => matchWords({ destinationPort: port }),
		]) {
			const refusal = refusalOf(work);
			expect(refusal.code).toBe('PORT_OUT_OF_RANGE');
			expect(refusal.problem).toBe(`${port} is not a TCP port.`);
		}
	});
});

describe('numbers out of range are refused', () => {
	test.each<[PacketMatch, string]>([
		[{ every: 0 }, 'every cannot be 0'],
		[{ every: -2 }, 'every cannot be -2'],
		[{ every: 1.5 }, 'every cannot be 1.5'],
		[{ every: Number.NaN }, 'every cannot be NaN'],
		[{ probability: 0 }, 'probability cannot be 0'],
		[{ probability: 1.01 }, 'probability cannot be 1.01'],
		[{ probability: -0.5 }, 'probability cannot be -0.5'],
		[{ probability: Number.NaN }, 'probability cannot be NaN'],
	])('%j', (match, problem) => {
		const refusal = refusalOf(() => matchWords(match));
		expect(refusal.code).toBe('OPTION_INVALID');
		expect(refusal.problem).toContain(problem);
	});
});
