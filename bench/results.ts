import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { z } from 'zod';
import { PROJECT_ROOT } from '../harness/util/project-root.ts';

/** Where the results of all benches are. */
export const BENCH_FILE = join(PROJECT_ROOT, 'reports', 'bench.json');

/** When it was measured, and how loaded the machine was: the load average of a minute before and after. */
const surroundings = { at: z.iso.datetime(), load: z.tuple([z.number(), z.number()]) };

const figureSchema = z.object({ ours_ms: z.number(), bare_ms: z.number(), ratio: z.number() });

const waitedSchema = z.object({ guest_s: z.number(), wall_s: z.number(), ratio: z.number(), memory_mib: z.number() });

const scaleSchema = z.object({
	/** Of both captures. */
	packets: z.int(),
	segments: z.int(),
	/** What a history keeps of a segment in memory. */
	bytes_per_segment: z.number(),
	/** The longest of 50 queries over 50,000 segments, each after something was added. */
	longest_query_ms: z.number(),
	/** Seconds of the processor, by step. */
	ours_s: z.record(z.string(), z.number()),
	/** All steps but the reading. */
	after_read_s: z.number(),
	/** What tshark takes to read both captures; absent where there is none. */
	tshark_s: z.number().optional(),
});

const measuredSchema = z.strictObject({
	/** Medians of what a lab costs, by what was measured. */
	labs: z.object({ ...surroundings, medians: z.record(z.string(), figureSchema) }).optional(),
	/** Labs with a time of their own, by what they waited for. */
	waiting: z.object({ ...surroundings, waited: z.record(z.string(), waitedSchema) }).optional(),
	/** A history of many segments, whichever engine: a transfer of 200 MB. */
	scale: z.object({ ...surroundings, ...scaleSchema.shape }).optional(),
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

/**
 * How many seconds passed in a lab, how many of wall time that took, the first as a multiple of the second, and the
 * most memory its guest has had, in MiB.
 */
export type Waited = Readonly<z.infer<typeof waitedSchema>>;

/** What a history of many segments costs. */
export type Scale = Readonly<z.infer<typeof scaleSchema>>;

/** What was measured of one engine. */
export type Measured = Readonly<z.infer<typeof measuredSchema>>;

/** What was measured, by engine; where guests have a kernel of their own, by engine and kernel: `vm 6.1`. */
export type Results = Readonly<Record<string, Measured>>;

/** What no engine has a part in stands under this name. */
export const HISTORY = 'history';

/** The engine that results are of. */
export const engineOf = (name: string): string => name.split(' ', 1)[0] ?? '';

/** Results of this bench over those of earlier ones: what was measured again replaces what was known of it. */
export function merged(earlier: Results, now: Results): Results {
	const names = [...new Set([...Object.keys(earlier), ...Object.keys(now)])];
	return Object.fromEntries(names.map((name) => [name, { ...earlier[name], ...now[name] }]));
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
