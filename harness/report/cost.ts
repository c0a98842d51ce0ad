import { z } from 'zod';

/**
 * Where the wall time of a scenario went, in seconds; together they are all of it. It is the run's, not the lab's, so
 * no timeline holds it.
 */
export const costSchema = z.object({
	/** The engine made, changed or removed hosts. */
	engine: z.number().min(0),
	/**
	 * Waiting for what the kernel would do: timers, calls that block, programs that start, tools that run. In a guest all
	 * of that is its own time.
	 */
	kernel: z.number().min(0),
	/** All else: starting observers, asking them, faults by the agents. */
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
