import { expect, test } from '@jest/globals';
import { finWait2Timeout, timeWait } from './closing.ts';

test('TIME-WAIT lasts a minute, an orphaned FIN-WAIT-2 what tcp_fin_timeout says', () => {
	expect(timeWait().atLeastMs).toBe(60_000);
	expect(finWait2Timeout({ finTimeout: 5 }).atLeastMs).toBe(5_000);
	expect(finWait2Timeout({ finTimeout: 60 }).atLeastMs).toBe(60_000);
	// What is above a minute is waited for twice, and the minute is not.
	expect(finWait2Timeout({ finTimeout: 61 }).atLeastMs).toBe(2_000);
	expect(finWait2Timeout({ finTimeout: 120 }).atLeastMs).toBe(120_000);
});
