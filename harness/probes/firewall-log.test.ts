import { expect, test } from '@jest/globals';
import { logTarget, readLogPrefix, SENTINEL_RULES } from './firewall-log.ts';

const prefixOf = (rule: string) => /--nflog-prefix "([^"]*)"/.exec(rule)?.[1];

test.each(['DROP', 'REJECT'] as const)('%s by a fault is read as it is written', (verdict) => {
	expect(readLogPrefix(prefixOf(logTarget('drop-2', verdict)))).toEqual({ by: 'drop-2', verdict });
});

test('a sentinel is no fault, nor is what another rule logs to the same group', () => {
	const sentinel = SENTINEL_RULES.map(prefixOf).find((prefix) => prefix !== undefined);
	expect(sentinel).toBe('sentinel -');
	for (const prefix of [sentinel, undefined, '', 'kodos', 'drop-2 ACCEPT'])
		expect(readLogPrefix(prefix)).toBeUndefined();
});
