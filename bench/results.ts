import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { z } from 'zod';
import { PROJECT_ROOT } from '../harness/util/project-root.ts';

/** The file with the results of all benches. */
export const BENCH_FILE = join(PROJECT_ROOT, 'reports', 'bench.json');

/** The time of the measurement, and the load average over a minute, before and after it. */
const surroundings = { at: z.iso.datetime(), load: z.tuple([z.number(), z.number()]) };

const figureSchema = z.object({ ours_ms: z.number(), bare_ms: z.number(), ratio: z.number() });

const waitedSchema = z.object({ guest_s: z.number(), wall_s: z.number(), ratio: z.number(), memory_mib: z.number() });

const scaleSchema = z.object({
	/** Packets in both captures. */
	packets: z.int(),
	segments: z.int(),
	/** Memory of a history per segment. */
	bytes_per_segment: z.number(),
	/** The longest of 50 queries over 50,000 segments, each after an addition. */
	longest_query_ms: z.number(),
	/** CPU time of each step, in seconds. */
	ours_s: z.record(z.string(), z.number()),
	/** CPU time of all steps except reading, in seconds. */
	after_read_s: z.number(),
	/** CPU time in which tshark reads both captures, in seconds. Missing if tshark is not installed. */
	tshark_s: z.number().optional(),
});

const measuredSchema = z.strictObject({
	/** Medians for a lab, by the name of the measurement. */
	labs: z.object({ ...surroundings, medians: z.record(z.string(), figureSchema) }).optional(),
	/** Labs in virtual time, by the name of the wait. */
	waiting: z.object({ ...surroundings, waited: z.record(z.string(), waitedSchema) }).optional(),
	/** The history of a transfer of 200 MB. It does not depend on the engine. */
	scale: z.object({ ...surroundings, ...scaleSchema.shape }).optional(),
	/** The whole suite, `npm test`. */
	suite: z
		.object({
			...surroundings,
			wall_s: z.number(),
			/** The longest scenario, as its folder in reports. */
			longest: z.object({ scenario: z.string(), s: z.number() }),
			allowed_s: z.number(),
			/** Whether it exited with 0. */
			passed: z.boolean(),
		})
		.optional(),
});

const resultsSchema = z.record(z.string(), measuredSchema);

/** A measurement of both sides, in ms, and ours as a multiple of the bare one. */
export type Figure = Readonly<z.infer<typeof figureSchema>>;

/**
 * The seconds that passed in a lab, the wall time that this took, the first as a multiple of the second, and the peak
 * memory of the guest in MiB.
 */
export type Waited = Readonly<z.infer<typeof waitedSchema>>;

/** The cost of a history of many segments. */
export type Scale = Readonly<z.infer<typeof scaleSchema>>;

/** All measurements of one engine. */
export type Measured = Readonly<z.infer<typeof measuredSchema>>;

/** All measurements, by engine. On vm by engine and kernel: `vm 6.1`. */
export type BenchResults = Readonly<Record<string, Measured>>;

/** The name of measurements that do not depend on an engine. */
export const HISTORY = 'history';

/** Returns the engine of results with this name. */
export const engineOf = (name: string): string => name.split(' ', 1)[0] ?? '';

/** Merges results: new measurements replace earlier ones of the same kind. */
export function merged(earlier: BenchResults, now: BenchResults): BenchResults {
	const names = [...new Set([...Object.keys(earlier), ...Object.keys(now)])];
	return Object.fromEntries(names.map((name) => [name, { ...earlier[name], ...now[name] }]));
}

/** Reads the results of earlier benches. Returns none if the file is missing or of another version. */
export async function readResults(path = BENCH_FILE): Promise<BenchResults> {
	const text = await readFile(path, 'utf8').catch(() => '{}');
	const { success, data } = resultsSchema.safeParse(parsed(text));
	return success ? data : {};
}

export async function writeResults(results: BenchResults, path = BENCH_FILE): Promise<void> {
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
