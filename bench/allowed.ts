import { type BenchResults, engineOf } from './results.ts';

/** The limit of a measurement. */
interface Limit {
	/** The name of the measurement: `lab ready`. */
	readonly figure: string;
	readonly ms?: number;
	/** A multiple of the bare measurement. */
	readonly ratio?: number;
}

/** The limits of a lab, by engine. */
const LAB: Readonly<Record<string, Limit>> = {
	docker: { figure: 'lab ready', ratio: 1.3 },
	netns: { figure: 'lab ready', ms: 150, ratio: 2 },
	vm: { figure: 'lab usable', ms: 1_000 },
};

/** The limit of the whole suite in virtual time, in seconds. */
const SUITE_S: Readonly<Record<string, number>> = { vm: 600 };

/**
 * Returns the limit of the whole suite, in seconds. In real time it is 1.5 times the longest scenario, and 30 s for the
 * start.
 */
export function allowedForSuite(engine: string, longestSeconds: number): number {
	return SUITE_S[engine] ?? 1.5 * longestSeconds + 30;
}

/** The limit of a query over 50,000 segments. */
const QUERY_MS = 50;
/**
 * The limit of joining, matching, drawing and writing a transfer, as a multiple of the time in which tshark reads it.
 */
const TSHARK_RATIO = 1.5;

function exceededByScale({ scale }: BenchResults[string]): string[] {
	if (!scale) return [];
	const { longest_query_ms, after_read_s, tshark_s } = scale;
	const ratio = tshark_s === undefined ? 0 : after_read_s / tshark_s;
	return [
		...(longest_query_ms > QUERY_MS
			? [`A query over 50,000 segments takes ${longest_query_ms} ms; the limit is ${QUERY_MS} ms.`]
			: []),
		...(ratio > TSHARK_RATIO
			? [
					`Joining, matching, drawing and writing 200 MB takes ${ratio.toFixed(2)} times as long as tshark takes to ` +
						`read them; the limit is ${TSHARK_RATIO} times.`,
				]
			: []),
	];
}

/** Returns one sentence for each limit that is exceeded. */
export function exceeded(results: BenchResults): string[] {
	return Object.entries(results).flatMap(([name, measured]) => {
		const { labs, suite } = measured;
		const engine = engineOf(name);
		const { figure = '', ms, ratio } = LAB[engine] ?? {};
		const found = labs?.medians[figure];
		const subject = figure.replace('lab ', 'a lab is ');
		const reason = engine in SUITE_S ? '' : ', 1.5 times its longest scenario and 30 s';
		return [
			...(found && ms !== undefined && found.ours_ms > ms
				? [`${name}: ${subject} after ${found.ours_ms} ms; the limit is ${ms} ms.`]
				: []),
			...(found && ratio !== undefined && found.ratio > ratio
				? [`${name}: ${subject} after ${found.ratio} times the bare time; the limit is ${ratio} times.`]
				: []),
			...exceededByScale(measured),
			...(suite && !suite.passed ? [`${name}: the suite failed.`] : []),
			...(suite && suite.wall_s > suite.allowed_s
				? [`${name}: the suite took ${suite.wall_s} s; the limit is ${suite.allowed_s} s${reason}.`]
				: []),
		];
	});
}
