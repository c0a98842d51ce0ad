import { currentEngine } from '../../run/current.ts';
import { currentRun } from '../../run/handover.ts';
import { bareSide } from './bare.ts';
import { ours } from './ours.ts';
import type { Measured } from './results.ts';
import { alternately, figures } from './sides.ts';
import { loadOf, say, withRun } from './surroundings.ts';

const ROUNDS = 10;

/** What labs of the chosen engine cost, beside what it costs bare: side by side, on this machine, now. */
export function measureLabs(): Promise<{ engine: string; labs: Measured['labs'] }> {
	return withRun(async () => {
		const site = currentRun();
		const engine = await currentEngine();
		const { result, ...when } = await loadOf(() =>
			alternately(ours(engine), bareSide(site), ROUNDS, (round) =>
				say(round === 0 ? `${site.engine}: warming up` : `${site.engine}: round ${round} of ${ROUNDS}`),
			),
		);
		return { engine: site.engine, labs: { ...when, medians: figures(result) } };
	});
}
