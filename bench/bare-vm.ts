import type { Run } from '../harness/engines/engine.ts';
import { takeLabNumber } from '../harness/engines/lab-number.ts';
import type { VmFacts } from '../harness/engines/vm/connect.ts';
import { Qemu } from '../harness/engines/vm/qemu.ts';
import { readTranscript } from '../harness/engines/vm/replay.ts';
import { RunningGuest } from '../harness/engines/vm/running-guest.ts';
import { type BenchSide, timed } from './sides.ts';

export interface VmSite extends Pick<VmFacts, 'kernel' | 'memory' | 'ready'> {
	readonly run: Run;
}

/** Uses QEMU alone: restores the same guest, lets it run without input until it pauses again, and ends it. */
export function bareVm({ run, kernel, memory, ready }: VmSite): BenchSide {
	async function restored(snapshot: string): Promise<RunningGuest> {
		return new RunningGuest(
			await Qemu.start(run, { kernel, snapshot }, run.directory, `bare-${await takeLabNumber(run)}`),
		);
	}

	return {
		async measure() {
			const recorded = await readTranscript(ready);
			const [guest, started] = await timed(() => restored(recorded?.memory ?? memory));
			try {
				const noInput = { deadline: guest.first.now, bytes: Buffer.alloc(0), seed: 0n, restart: false };
				const [, paused] = await timed(() => guest.turn(noInput));
				const [, ended] = await timed(() => guest.end());
				return { 'lab usable': started + paused, 'lab removed': ended };
			} finally {
				await guest.end();
			}
		},
	};
}
