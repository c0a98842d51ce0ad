import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { z } from 'zod';
import { PROJECT_ROOT } from '../../report/artifacts.ts';

/** Where the results of all benches are. */
export const BENCH_FILE = join(PROJECT_ROOT, 'reports', 'bench.json');

/** When it was measured, and how loaded the machine was: the load average of a minute before and after. */
const surroundings = { at: z.iso.datetime(), load: z.tuple([z.number(), z.number()]) };

const figureSchema = z.object({ ours_ms: z.number(), bare_ms: z.number(), ratio: z.number() });

const measuredSchema = z.strictObject({
	/** Medians of what a lab costs, by what was measured. */
	labs: z.object({ ...surroundings, medians: z.record(z.string(), figureSchema) }).optional(),
	/** The whole suite, `npm test`. */
	suite: z
		.object({
			...surroundings,
			wall_s: z.number(),
			/** Its longest scenario, by its folder in reports. */
			longest: z.object({ scenario: z.string(), s: z.number() }),
			allowed_s: z.number(),
			/** The status it ended with was 0. */
			passed: z.boolean(),
		})
		.optional(),
});

const resultsSchema = z.record(z.string(), measuredSchema);

/** Both sides of one thing that was measured, in ms, and ours as a multiple of the bare one. */
export type Figure = Readonly<z.infer<typeof figureSchema>>;

/** What was measured of one engine. */
export type Measured = Readonly<z.infer<typeof measuredSchema>>;

/** What was measured, by engine. */
export type Results = Readonly<Record<string, Measured>>;

/** Results of this bench over those of earlier ones: what was measured again replaces what was known of it. */
export function merged(earlier: Results, now: Results): Results {
	const engines = [...new Set([...Object.keys(earlier), ...Object.keys(now)])];
	return Object.fromEntries(engines.map((engine) => [engine, { ...earlier[engine], ...now[engine] }]));
}

/** What earlier benches measured; nothing, where there was none, or one of another version. */
export async function readResults(path = BENCH_FILE): Promise<Results> {
	const text = await readFile(path, 'utf8').catch(() => '{}');
	const { success, data } = resultsSchema.safeParse(parsed(text));
	return success ? data : {};
}

export async function writeResults(results: Results, path = BENCH_FILE): Promise<void> {
	await mkdir(dirname(path), { recursive: true });
	await writeFile(path, `${JSON.stringify(results, undefined, '\t')}\n`);
}

function parsed(text: string): unknown {
	try {
		return JSON.parse(text);
	} catch {
		return undefined;
	}
}
