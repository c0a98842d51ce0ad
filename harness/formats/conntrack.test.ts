import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { parseConntrackChange, parseConntrackEntry } from './conntrack.ts';

const CLIENT = { address: '198.18.0.2', port: 34_036 };

test('a change has the time of conntrack, the state, the seconds left, and both directions', () => {
	// Printed by conntrack 1.4.7 for a connection to a forwarded port.
	const line =
		'[1795921516.212188]\t [UPDATE] tcp      6 432000 ESTABLISHED src=198.18.0.2 dst=198.18.0.1 sport=34036 ' +
		'dport=8081 src=198.18.0.6 dst=198.18.0.5 sport=8080 dport=34036 [ASSURED] id=1587537937';
	expect(parseConntrackChange(line)).toEqual({
		t: 1_795_921_516.212_188,
		what: 'update',
		entry: {
			id: '1587537937',
			state: 'ESTABLISHED',
			secondsLeft: 432_000,
			original: { from: CLIENT, to: { address: '198.18.0.1', port: 8081 } },
			reply: { from: { address: '198.18.0.6', port: 8080 }, to: { address: '198.18.0.5', port: 34_036 } },
			replied: true,
			assured: true,
		},
	});
});

test('a new entry is not answered yet', () => {
	const line =
		'[1795921515.990801]\t    [NEW] tcp      6 120 SYN_SENT src=127.0.0.1 dst=127.9.9.9 sport=33020 dport=9 ' +
		'[UNREPLIED] src=127.9.9.9 dst=127.0.0.1 sport=9 dport=33020 id=4101229528';
	expect(parseConntrackChange(line)).toMatchObject({ what: 'new', entry: { state: 'SYN_SENT', replied: false } });
});

test('the end of an entry says which program asked for it, and may lack state and time', () => {
	const ends = 'src=198.18.0.2 dst=198.18.0.6 sport=1 dport=2 src=198.18.0.6 dst=198.18.0.2 sport=2 dport=1';
	const flushed = `[1.5]\t[DESTROY] tcp      6 431999 ESTABLISHED ${ends} [ASSURED] id=7 [USERSPACE] portid=37 progname=conntrack`;
	expect(parseConntrackChange(flushed)).toMatchObject({ what: 'destroyed', by: 'conntrack' });
	const expired = parseConntrackChange(`[1.5]\t[DESTROY] tcp      6 ${ends} id=7`);
	expect(expired?.entry).toEqual(expect.not.objectContaining({ state: expect.anything() }));
	expect(expired).not.toHaveProperty('by');
});

test('an entry of a dump, also of IPv6', () => {
	const line =
		'tcp      6 299 ESTABLISHED src=2001:2::2 dst=2001:2:0:8000::6 sport=34036 dport=8080 src=2001:2:0:8000::6 ' +
		'dst=2001:2::2 sport=8080 dport=34036 [ASSURED] mark=0 use=1 id=3';
	expect(parseConntrackEntry(line)).toMatchObject({ secondsLeft: 299, original: { from: { address: '2001:2::2' } } });
	expect(parseConntrackEntry(`ipv6     10 ${line}`)).toEqual(parseConntrackEntry(line));
});

test('any other line is none', () => {
	expect(parseConntrackEntry('conntrack v1.4.7 (conntrack-tools): 1 flow entries have been shown.')).toBeUndefined();
	expect(parseConntrackEntry('udp      17 29 src=1.1.1.1 dst=2.2.2.2 sport=1 dport=2 id=1')).toBeUndefined();
	fc.assert(
		fc.property(fc.string(), (line) => {
			expect(parseConntrackChange(line)).toBeUndefined();
			expect(parseConntrackEntry(line)).toBeUndefined();
		}),
	);
});
