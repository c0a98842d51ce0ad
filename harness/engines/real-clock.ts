import { setTimeout as wait } from 'node:timers/promises';
import type { LabClock } from './engine.ts';

/** Time as the machine keeps it, for engines whose hosts share its kernel. */
export const realClock: LabClock = {
	source: 'the wall clock of the machine',
	now: () => Date.now() / 1_000,
	sleep: async (milliseconds, signal) => {
		await wait(milliseconds, undefined, { signal }).catch(() => {});
	},
};
