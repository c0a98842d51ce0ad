import { type Span, spanOf } from './span.ts';

/** Returns the times between consecutive events, in ms. */
export function gapsBetween(events: readonly { readonly t: number }[]): number[] {
	return events.slice(1).map(({ t }, index) => (t - (events[index]?.t ?? Number.NaN)) * 1_000);
}

/**
 * Returns descriptions of the deviations of recorded gaps from a schedule; empty if there is none. A deviation is: too
 * few or too many gaps; a gap that is shorter than the formula by more than one jiffy (HZ is at least 100); a gap that
 * is longer than `spanOf` allows; a gap outside its span.
 */
export function deviations(gaps: readonly number[], formula: readonly (number | Span)[]): string[] {
	const number = gaps.length === formula.length ? [] : [`${gaps.length} gaps instead of ${formula.length}`];
	const outside = formula.flatMap((model, index) => {
		const gap = gaps[index];
		const { atLeastMs, atMostMs } = typeof model === 'number' ? spanOf(model) : model;
		const words = typeof model === 'number' ? `${model} ms` : `${atLeastMs} to ${atMostMs} ms`;
		return gap === undefined || (gap >= atLeastMs - 10 && gap <= atMostMs)
			? []
			: [`gap ${index + 1} is ${gap.toFixed(0)} ms instead of ${words}`];
	});
	return [...number, ...outside];
}
