import { expect, test } from '@jest/globals';
import { finWait2Timeout, timeWait } from './closing.ts';

test('TIME-WAIT lasts a minute, FIN-WAIT-2 of an orphan tcp_fin_timeout', () => {
	expect(timeWait().atLeastMs).toBe(60_000);
	expect(finWait2Timeout({ finTimeout: 5 }).atLeastMs).toBe(5_000);
	expect(finWait2Timeout({ finTimeout: 60 }).atLeastMs).toBe(60_000);
	// Above a minute, only the excess counts, twice.
	expect(finWait2Timeout({ finTimeout: 61 }).atLeastMs).toBe(2_000);
	expect(finWait2Timeout({ finTimeout: 120 }).atLeastMs).toBe(120_000);
});
