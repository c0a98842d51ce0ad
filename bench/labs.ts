import { currentEngine } from '../harness/run/current.ts';
import { currentRun } from '../harness/run/handover.ts';
import { bareSide } from './bare.ts';
import { ours } from './ours.ts';
import type { BenchResults } from './results.ts';
import { alternately, figures } from './sides.ts';
import { loadOf, nameOfResults, say, withRun } from './surroundings.ts';
import { measureWaiting } from './waiting-time.ts';

const ROUNDS = 10;

/**
 * Measures labs of the chosen engine and its bare side in turn. In virtual time, also measures how long waits take.
 */
export function measureLabs(): Promise<BenchResults> {
	return withRun(async () => {
		const site = currentRun();
		const engine = await currentEngine();
		const { result, ...when } = await loadOf(() =>
			alternately(ours(engine), bareSide(site), ROUNDS, (round) =>
				say(round === 0 ? `${site.engine}: warming up` : `${site.engine}: round ${round} of ${ROUNDS}`),
			),
		);
		const labs = { ...when, medians: figures(result) };
		const waiting = engine.virtualTime ? { waiting: await measureWaiting(engine, site) } : {};
		return { [nameOfResults(site.engine)]: { labs, ...waiting } };
	});
}
