import { expect, test } from '@jest/globals';
import type { RecordedPacket } from '../formats/pcap.ts';
import { logTarget, readLogEntry, SENTINEL_RULES } from './firewall-log.ts';

const prefixOf = (rule: string) => /--nflog-prefix "([^"]*)"/.exec(rule)?.[1];

const loggedAs = (prefix?: string) => ({ kind: 'segment', ...(prefix !== undefined && { prefix }) }) as RecordedPacket;

test.each([
	['DROP', {}],
	['REJECT', { rejected: true }],
] as const)('the log prefix of %s by a fault is parsed as it is written', (verdict, answered) => {
	const packet = loggedAs(prefixOf(logTarget('drop-2', verdict)));
	expect(readLogEntry(packet)).toEqual({ what: 'dropped', packet, by: 'drop-2', ...answered });
});

test('the log of a sentinel, or of a foreign rule in the same group, belongs to no fault', () => {
	const sentinel = SENTINEL_RULES.map(prefixOf).find((prefix) => prefix !== undefined);
	expect(sentinel).toBe('sentinel -');
	for (const prefix of [sentinel, undefined, '', 'foreign', 'drop-2 ACCEPT'])
		expect(readLogEntry(loggedAs(prefix))).toBeUndefined();
});
