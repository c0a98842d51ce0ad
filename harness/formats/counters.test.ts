import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { parseCounters } from './counters.ts';

/** Of Linux 6.18, shortened. MaxConn is -1: there is no limit (RFC 4022, tcpMaxConn). */
const snmp = [
	'Ip: Forwarding DefaultTTL',
	'Ip: 2 64',
	'Tcp: RtoAlgorithm RtoMin MaxConn RetransSegs InCsumErrors',
	'Tcp: 1 200 -1 3 1',
	'',
].join('\n');
const netstat = ['TcpExt: SyncookiesSent TCPFastRetrans', 'TcpExt: 0 2', 'IpExt: InNoRoutes', 'IpExt: 0', ''].join(
	'\n',
);

describe('parseCounters', () => {
	test('returns each counter by its name for nstat', () => {
		expect(parseCounters(`${snmp}${netstat}`)).toEqual({
			IpForwarding: 2,
			IpDefaultTTL: 64,
			TcpRtoAlgorithm: 1,
			TcpRtoMin: 200,
			TcpMaxConn: -1,
			TcpRetransSegs: 3,
			TcpInCsumErrors: 1,
			TcpExtSyncookiesSent: 0,
			TcpExtTCPFastRetrans: 2,
			IpExtInNoRoutes: 0,
		});
	});

	test('returns only numbers, for any text', () => {
		const word = fc.constantFrom('Tcp:', 'InSegs', 'OutSegs', '1', '-1', '\n', ' ');
		fc.assert(
			fc.property(fc.array(word), (words) =>
				Object.values(parseCounters(words.join(' '))).every((value) => Number.isFinite(value)),
			),
		);
	});
});
