import { engineOf, type Results } from './results.ts';

interface Allowed {
	/** What is looked at: `lab ready`. */
	readonly figure: string;
	readonly ms?: number;
	/** As a multiple of the bare side. */
	readonly ratio?: number;
}

/** What the lab of an engine may take at most. */
const LAB: Readonly<Record<string, Allowed>> = {
	docker: { figure: 'lab ready', ratio: 1.3 },
	netns: { figure: 'lab ready', ms: 150, ratio: 2 },
	vm: { figure: 'lab usable', ms: 1_000 },
};

/** What the whole suite may take where no wait costs what it says, in seconds. */
const SUITE_S: Readonly<Record<string, number>> = { vm: 600 };

/**
 * What the whole suite may take, in seconds: in real time what its longest scenario waits for, and half as much again,
 * and a start.
 */
export function allowedForSuite(engine: string, longestSeconds: number): number {
	return SUITE_S[engine] ?? 1.5 * longestSeconds + 30;
}

/**
 * What a query over 50,000 segments may take, and joining, matching, drawing and writing a transfer, as a multiple of
 * what tshark takes to read it.
 */
const QUERY_MS = 50;
const TSHARK_RATIO = 1.5;

function exceededByScale({ scale }: Results[string]): string[] {
	if (!scale) return [];
	const { longest_query_ms, after_read_s, tshark_s } = scale;
	const ratio = tshark_s === undefined ? 0 : after_read_s / tshark_s;
	return [
		...(longest_query_ms > QUERY_MS
			? [`A query over 50,000 segments takes ${longest_query_ms} ms; allowed are ${QUERY_MS} ms.`]
			: []),
		...(ratio > TSHARK_RATIO
			? [
					`What follows the reading of 200 MB takes ${ratio.toFixed(2)} times what tshark takes to read them; ` +
						`allowed are ${TSHARK_RATIO} times.`,
				]
			: []),
	];
}

/** What is above what is allowed, one sentence for each. */
export function exceeded(results: Results): string[] {
	return Object.entries(results).flatMap(([name, measured]) => {
		const { labs, suite } = measured;
		const engine = engineOf(name);
		const { figure = '', ms, ratio } = LAB[engine] ?? {};
		const found = labs?.medians[figure];
		const is = figure.replace('lab ', 'a lab is ');
		const reason = engine in SUITE_S ? '' : ', 1.5 times its longest scenario and 30 s';
		return [
			...(found && ms !== undefined && found.ours_ms > ms
				? [`${name}: ${is} after ${found.ours_ms} ms; allowed are ${ms} ms.`]
				: []),
			...(found && ratio !== undefined && found.ratio > ratio
				? [`${name}: ${is} after ${found.ratio} times what it takes bare; allowed are ${ratio} times.`]
				: []),
			...exceededByScale(measured),
			...(suite && !suite.passed ? [`${name}: the suite failed.`] : []),
			...(suite && suite.wall_s > suite.allowed_s
				? [`${name}: the suite took ${suite.wall_s} s; allowed are ${suite.allowed_s} s${reason}.`]
				: []),
		];
	});
}
