import type { Results } from './results.ts';

/** What the lab of an engine may take at most: in ms, and as a multiple of the bare side. */
const LAB_READY: Readonly<Record<string, { readonly ms?: number; readonly ratio: number }>> = {
	docker: { ratio: 1.3 },
	netns: { ms: 150, ratio: 2 },
};

/** What the whole suite may take: what its longest scenario waits for, and half as much again, and a start. */
export function allowedForSuite(longestSeconds: number): number {
	return 1.5 * longestSeconds + 30;
}

/** What is above what is allowed, one sentence for each. */
export function exceeded(results: Results): string[] {
	return Object.entries(results).flatMap(([engine, { labs, suite }]) => {
		const { ms, ratio } = LAB_READY[engine] ?? {};
		const ready = labs?.medians['lab ready'];
		return [
			...(ready && ms !== undefined && ready.ours_ms > ms ? [`${engine}: a lab is ready after ${ready.ours_ms} ms; allowed are ${ms} ms.`] : []),
			...(ready && ratio !== undefined && ready.ratio > ratio
				? [`${engine}: a lab is ready after ${ready.ratio} times what it takes bare; allowed are ${ratio} times.`]
				: []),
			...(suite && !suite.passed ? [`${engine}: the suite failed.`] : []),
			...(suite && suite.wall_s > suite.allowed_s
				? [`${engine}: the suite took ${suite.wall_s} s; allowed are ${suite.allowed_s} s, 1.5 times its longest scenario and 30 s.`]
				: []),
		];
	});
}
