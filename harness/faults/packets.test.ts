import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { HalfopenError } from '../errors.ts';
import { assertPort, matchWords, type PacketMatch } from './packets.ts';

const refusalOf = (work: () => unknown): HalfopenError => {
	try {
		work();
	} catch (error) {
		if (error instanceof HalfopenError) return error;
	}
	throw new Error('It was not refused.');
};

describe('what a packet is matched by', () => {
	test('is any of TCP, where nothing is said', () => {
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
		// Counting begins at 0, so that the first is the first (iptables-extensions(8), statistic).
		[{ every: 3 }, '-m statistic --mode nth --every 3 --packet 0'],
		[{ every: 1 }, '-m statistic --mode nth --every 1 --packet 0'],
		[{ probability: 0.25 }, '-m statistic --mode random --probability 0.25'],
		[{ probability: 1 }, '-m statistic --mode random --probability 1'],
		// The name and the direction are the rule's, not the match's.
		[{ name: 'lost', direction: 'out' }, ''],
	])('%j is %s', (match, words) => {
		expect(matchWords(match).join(' ')).toBe(['-p tcp', words].filter(Boolean).join(' '));
	});

	test('may be everything at once; what counts packets stands last, so that it counts only those that match all else', () => {
		const match = { every: 2, tcpFlags: 'PSH PSH', destinationPort: 8080, sourcePort: 50_000, sourceAddress: 'a', destinationAddress: 'b' };
		expect(matchWords(match).join(' ')).toBe(
			'-p tcp -s a -d b --sport 50000 --dport 8080 --tcp-flags PSH PSH -m statistic --mode nth --every 2 --packet 0',
		);
	});
});

describe('flags that can match nothing are refused', () => {
	test.each([
		['SYN', 'there must be two lists'],
		['', 'there must be two lists'],
		['SYN ACK FIN', 'there must be two lists'],
		['SYN, ACK SYN', 'there must be two lists'],
		['SYN,XYZ SYN', 'XYZ is no flag'],
		['SYN SYN,fin', 'fin is no flag'],
		// It stands alone or not at all.
		['SYN,NONE SYN', 'NONE is no flag'],
		['NONE NONE', 'no flag is looked at'],
		['SYN ACK', 'ACK must be set but is not looked at'],
		['SYN,ACK SYN,FIN,RST', 'FIN, RST must be set but is not looked at'],
	])('“%s”: %s', (tcpFlags, why) => {
		const refusal = refusalOf(() => matchWords({ tcpFlags }));
		expect(refusal.code).toBe('FLAGS_IMPOSSIBLE');
		expect(refusal.problem).toContain(`“${tcpFlags}”: ${why}`);
		expect(refusal.remedy).toContain('SYN,RST,ACK SYN,ACK');
	});

	test('and all others are taken as they are', () => {
		const flags = ['SYN', 'ACK', 'FIN', 'RST', 'URG', 'PSH'];
		const lists = fc
			.subarray(flags, { minLength: 1 })
			.chain((looked) => fc.subarray(looked).map((set) => `${looked.join(',')} ${set.length === 0 ? 'NONE' : set.join(',')}`));
		fc.assert(fc.property(lists, (tcpFlags) => expect(matchWords({ tcpFlags })).toEqual(['-p', 'tcp', '--tcp-flags', ...tcpFlags.split(' ')])));
	});
});

describe('ports', () => {
	test.each([0, -1, 65_536, 8080.5, Number.NaN, Number.POSITIVE_INFINITY])('%d is refused, wherever it stands', (port) => {
		for (const work of [() => assertPort(port), () => matchWords({ sourcePort: port }), () => matchWords({ destinationPort: port })]) {
			const refusal = refusalOf(work);
			expect(refusal.code).toBe('PORT_OUT_OF_RANGE');
			expect(refusal.problem).toBe(`${port} is no TCP port.`);
		}
	});

	test('from 1 to 65535 are taken', () => {
		fc.assert(fc.property(fc.integer({ min: 1, max: 65_535 }), (port) => expect(assertPort(port)).toBe(port)));
	});
});

describe('numbers that mean nothing are refused', () => {
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
		expect(refusal.code).toBe('BAD_ARGUMENT');
		expect(refusal.problem).toContain(problem);
	});
});
