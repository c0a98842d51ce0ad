import { z } from 'zod';

/**
 * How the wall time of a scenario was spent, in seconds. The three parts add up to all of it. Wall time belongs to the
 * run, not to the lab, so it is not in the timeline.
 */
export const costSchema = z.object({
	/** The engine created, changed or removed hosts. */
	engine: z.number().min(0),
	/**
	 * Waiting for the kernel: timers, blocking calls, programs that start, tools that run. In a guest all of that is
	 * virtual time.
	 */
	kernel: z.number().min(0),
	/** Everything else: starting and flushing observers, injecting faults through the agents. */
	harness: z.number().min(0),
});
export type Cost = z.infer<typeof costSchema>;

export const NO_COST: Cost = { engine: 0, kernel: 0, harness: 0 };

export function addCosts(one: Cost, other: Cost): Cost {
	return { engine: one.engine + other.engine, kernel: one.kernel + other.kernel, harness: one.harness + other.harness };
}

export function totalOf({ engine, kernel, harness }: Cost): number {
	return engine + kernel + harness;
}
