import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { parseLsof } from './lsof.ts';

/** Output of lsof 4.99.4 with -nP -iTCP -F pcftnT0, with `|` instead of NUL. */
const printed = [
	'p7|cncat|',
	'f3|tIPv6|n*:8080|TST=LISTEN|TQR=0|TQS=0|',
	'f5|tIPv4|n127.0.0.1:8080->127.0.0.1:42686|TST=FIN_WAIT2|TQR=0|TQS=0|',
	'p11|cncat|',
	'f3|tIPv4|n127.0.0.1:42686->127.0.0.1:8080|TST=CLOSE_WAIT|TQR=0|TQS=0|',
	'',
].join('\n');

describe('parseLsof', () => {
	test('returns the descriptors of each program', () => {
		expect(parseLsof(printed.replaceAll('|', '\0'))).toEqual([
			{ pid: 7, command: 'ncat', fd: 3, family: 'IPv6', state: 'LISTEN', local: { address: '0.0.0.0', port: 8080 } },
			{
				pid: 7,
				command: 'ncat',
				fd: 5,
				family: 'IPv4',
				state: 'FIN-WAIT-2',
				local: { address: '127.0.0.1', port: 8080 },
				remote: { address: '127.0.0.1', port: 42686 },
			},
			{
				pid: 11,
				command: 'ncat',
				fd: 3,
				family: 'IPv4',
				state: 'CLOSE-WAIT',
				local: { address: '127.0.0.1', port: 42686 },
				remote: { address: '127.0.0.1', port: 8080 },
			},
		]);
	});

	test.each([
		['ESTABLISHED', 'ESTAB'],
		['SYN_SENT', 'SYN-SENT'],
		['SYN_RECV', 'SYN-RECV'],
		['FIN_WAIT1', 'FIN-WAIT-1'],
		['TIME_WAIT', 'TIME-WAIT'],
		['CLOSE_WAIT', 'CLOSE-WAIT'],
		['LAST_ACK', 'LAST-ACK'],
		['CLOSING', 'CLOSING'],
		['CLOSE', 'CLOSED'],
	])('%s is %s in ss', (lsof, ss) => {
		expect(parseLsof(`p1\0cnc\0\nf3\0tIPv4\0n*:1\0TST=${lsof}\0`)).toMatchObject([{ state: ss }]);
	});

	test('ignores foreign text', () => {
		fc.assert(fc.property(fc.string(), (text) => void parseLsof(text)));
		expect(parseLsof('COMMAND PID USER\nlsof: WARNING: something\n')).toEqual([]);
	});
});
