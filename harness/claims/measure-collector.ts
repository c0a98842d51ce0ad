import { type ErrorCode, HalfopenError } from '../errors.ts';
import type { Measure } from '../timeline/events.ts';

/** Collects the durations that one scenario measures, each under a name of its own. */
export class MeasureCollector {
	readonly #measures: Measure[] = [];

	/** What of a timeline tells of them: nothing, where nothing was measured. */
	get found(): { readonly measures?: Measure[] } {
		return this.#measures.length === 0 ? {} : { measures: [...this.#measures] };
	}

	/** Keeps microseconds. NAME_INVALID for an empty name, NAME_TAKEN for a second one, OPTION_INVALID for what is no duration. */
	add(what: string, seconds: number): void {
		const refuse = (code: ErrorCode, problem: string, remedy: string) => {
			throw new HalfopenError(code, {
				problem,
				seen: `measured(${JSON.stringify(what)}, ${seconds})`,
				remedy,
			});
		};
		if (what.trim() === '')
			refuse('NAME_INVALID', 'A duration has no name.', 'Say what took so long, and with which settings.');
		if (!Number.isFinite(seconds) || seconds < 0) {
			refuse(
				'OPTION_INVALID',
				`“${what}” is no duration.`,
				'Compute the seconds from two things that were recorded; NaN mostly means that one of them was not.',
			);
		}
		if (this.#measures.some((measure) => measure.what === what))
			refuse('NAME_TAKEN', `“${what}” is measured twice.`, 'Measure it once, or name the second otherwise.');
		this.#measures.push({ what, seconds: Number(seconds.toFixed(6)) });
	}
}
